// Tools of the AI SDK.

import { createMCPClient } from "@ai-sdk/mcp";
import { HEADERS, URL_OF_SERVER, run } from "./conversation.mjs";

await run("@ai-sdk/mcp", async () => {
  const client = await createMCPClient({ transport: { type: "http", url: URL_OF_SERVER, headers: HEADERS } });
  const tools = await client.tools();
  const call = async (name, input) => {
    const output = await tools[name].execute(input, { toolCallId: "1", messages: [] });
    const seen = await tools[name].toModelOutput({ toolCallId: "1", input, output });
    const value = seen.type === "content" ? seen.value.map((part) => part.text).join("\n") : seen.value;
    return { value, flag: seen.type.startsWith("error") || output.isError ? "error" : "" };
  };
  return { tools: Object.keys(tools), instructions: client.instructions, call };
});
