// The MCP Inspector's command line, which opens a connection for each call.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HEADERS, URL_OF_SERVER, run } from "./conversation.mjs";

const PACKAGES = new URL("../../inspector/node_modules/", import.meta.url);
const PROGRAM = fileURLToPath(new URL(".bin/mcp-inspector", PACKAGES));
const TOOL_ERRED = 5;

async function inspect(...words) {
  const where = ["--cli", URL_OF_SERVER, "--transport", "http", "--header", `Authorization: ${HEADERS.Authorization}`];
  try {
    const { stdout } = await promisify(execFile)(PROGRAM, [...where, ...words]);
    return { value: JSON.parse(stdout), flag: "" };
  } catch (error) {
    if (error.code !== TOOL_ERRED) throw error;
    return { value: JSON.parse(error.stdout), flag: "error" };
  }
}

const connect = async () => {
  const { value } = await inspect("--method", "tools/list");
  const call = (name, args) => {
    const pairs = Object.entries(args).flatMap(([key, argument]) => ["--tool-arg", `${key}=${argument}`]);
    return inspect("--method", "tools/call", "--tool-name", name, ...pairs);
  };
  return { tools: value.tools, call };
};
await run("@modelcontextprotocol/inspector", connect, PACKAGES);
