// mcp-remote, by which clients that only know stdio reach a server over HTTP.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { HEADERS, URL_OF_SERVER, run } from "./conversation.mjs";
import { binary, connected } from "./reference.mjs";

const args = [binary("mcp-remote"), URL_OF_SERVER, "--allow-http", "--header", `Authorization:${HEADERS.Authorization}`];
const transport = new StdioClientTransport({ command: "node", args });
await run("mcp-remote", () => connected(new Client({ name: "slotmcp-clients", version: "1" }), transport));
