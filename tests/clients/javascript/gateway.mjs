// supergateway, which serves a remote server over stdio.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { HEADERS, URL_OF_SERVER, run } from "./conversation.mjs";
import { binary, connected } from "./reference.mjs";

const key = HEADERS.Authorization.replace("Bearer ", "");
const args = [binary("supergateway"), "--streamableHttp", URL_OF_SERVER, "--oauth2Bearer", key, "--logLevel", "none"];
const transport = new StdioClientTransport({ command: "node", args });
await run("supergateway", () => connected(new Client({ name: "slotmcp-clients", version: "1" }), transport));
