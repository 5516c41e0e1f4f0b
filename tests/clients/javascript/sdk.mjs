// Client of the reference SDK for TypeScript, version 1.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { HEADERS, URL_OF_SERVER, run } from "./conversation.mjs";
import { connected } from "./reference.mjs";

const transport = new StreamableHTTPClientTransport(new URL(URL_OF_SERVER), { requestInit: { headers: HEADERS } });
await run("@modelcontextprotocol/sdk", () => connected(new Client({ name: "slotmcp-clients", version: "1" }), transport));
