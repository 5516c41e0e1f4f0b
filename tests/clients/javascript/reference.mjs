// What the clients that use a reference SDK share.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Connect a client, and return the connection that a conversation needs.
export async function connected(client, transport) {
  await client.connect(transport);
  const { tools } = await client.listTools();
  const call = async (name, args) => {
    const value = await client.callTool({ name, arguments: args });
    return { value, flag: value.isError ? "error" : "" };
  };
  return { tools: tools.map((tool) => tool.name), instructions: client.getInstructions(), call };
}

// Return the path of a package's program.
export function binary(name) {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const { bin } = JSON.parse(readFileSync(new URL("package.json", folder), "utf-8"));
  return fileURLToPath(new URL(typeof bin === "string" ? bin : bin[name], folder));
}
