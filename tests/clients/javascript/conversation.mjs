// Conversation that every client has with the server, and a report of what its model sees.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const URL_OF_SERVER = process.env.SLOTMCP_URL;
export const HEADERS = { Authorization: `Bearer ${process.env.SLOTMCP_KEY}` };
// Part of the message for a hold that is unknown. It says what to do next, so every model must see it.
const SENTENCE = "Pass the holdToken exactly";
const TIMEOUT_MS = 60_000;

// Have the conversation, and print the report as JSON. `connect` returns {tools, instructions, call}, where `call`
// returns {value, flag}: what the client hands to the model, and how it marks an error.
export async function run(name, connect, packages = new URL("node_modules/", import.meta.url)) {
  setTimeout(() => fail(`no report within ${TIMEOUT_MS} ms`), TIMEOUT_MS).unref();
  const report = await converse(name, await connect());
  process.stdout.write(JSON.stringify({ package: name, version: versionOf(name, packages), ...report }) + "\n", () => process.exit());
}

async function converse(caller, { tools, instructions, call }) {
  const found = await call("get_slots", { limit: 3 });
  const held = await call("create_hold", { start: valueIn(found, "start"), customerHash: caller });
  const customer = { customerName: `Jo of ${caller}`, customerPhone: `+1 303 556 ${numberOf(caller)}` };
  const booked = await call("book_slot", { holdToken: valueIn(held, "holdToken"), ...customer });
  const refused = await call("book_slot", { holdToken: "hold_unknown", ...customer });
  const wrong = await call("get_slots", { durationMinutes: "soon" });
  return {
    tools: tools.length,
    instructions: Boolean(instructions),
    booking: valueIn(booked, "bookingId"),
    success: formOf(found.value),
    error: formOf(refused.value),
    flag: refused.flag ?? "",
    sentence: textOf(refused.value).includes(SENTENCE),
    wrong: textOf(wrong.value).includes("durationMinutes"),
  };
}

function valueIn({ value }, name) {
  const found = textOf(value).match(new RegExp(`${name}\\\\*": ?\\\\*"([^"\\\\]+)`));
  return found ? found[1] : fail(`no ${name} in ${textOf(value).slice(0, 600)}`);
}

function formOf(value) {
  if (typeof value === "string") return "text";
  return "content" in value && "structuredContent" in value ? "both" : "structured";
}

function textOf(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function numberOf(name) {
  return String([...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 10_000, 7)).padStart(4, "0");
}

function versionOf(name, packages) {
  const path = fileURLToPath(new URL(`${name}/package.json`, packages));
  return JSON.parse(readFileSync(path, "utf-8")).version;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
