// Client of the reference SDK for TypeScript, version 2.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { HEADERS, URL_OF_SERVER, run } from "./conversation.mjs";
import { connected } from "./reference.mjs";

const transport = new StreamableHTTPClientTransport(new URL(URL_OF_SERVER), { requestInit: { headers: HEADERS } });
await run("@modelcontextprotocol/client", () => connected(new Client({ name: "slotmcp-clients", version: "1" }), transport));
