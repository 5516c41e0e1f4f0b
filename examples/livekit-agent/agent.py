"""An agent of LiveKit books an appointment in text mode. Its model is scripted: no audio, no room and no provider."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["livekit-agents[mcp]==1.8.9"]
# ///
import asyncio
import json
import os
import uuid
from typing import Any

from livekit.agents import Agent, AgentSession, llm
from livekit.agents.llm.mcp import MCPServerHTTP, MCPToolResultContext, MCPToolset
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8000")
KEY = os.environ.get("KEY", "")
CUSTOMER = {"customerName": "Kim Doe", "customerPhone": "303 555 0148"}


class ScriptedLLM(llm.LLM):
    """Model that searches, books the first time, and says the sentence of the last answer."""

    def chat(
        self, *, chat_ctx: llm.ChatContext, tools: list[llm.Tool] | None = None, **_options: object
    ) -> llm.LLMStream:
        """Return a stream with the next turn."""
        return ScriptedStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=DEFAULT_API_CONNECT_OPTIONS)


class ScriptedStream(llm.LLMStream):
    """Stream of one turn."""

    async def _run(self) -> None:
        match answers_in(self._chat_ctx.items):
            case []:
                turn = tool_call("get_slots", **{"from": "tomorrow", "limit": 2})
            case [found]:
                turn = tool_call("book_slot", start=found["slots"][0]["start"], **CUSTOMER)
            case [*_, booked]:
                turn = llm.ChoiceDelta(role="assistant", content=booked["result"])
        self._event_ch.send_nowait(llm.ChatChunk(id=uuid.uuid4().hex, delta=turn))


async def main() -> None:
    """Answer one caller."""
    headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
    server = MCPServerHTTP(f"{SERVER}/mcp", headers=headers, tool_result_resolver=text_of)
    toolset = MCPToolset(id="slotmcp", mcp_server=server)
    async with AgentSession(llm=ScriptedLLM()) as session:
        await session.start(Agent(instructions="You answer the phone.", tools=[toolset]))
        run = await session.run(user_input="My sink leaks. Can somebody come tomorrow? I am Kim Doe, 303 555 0148.")
        run.expect.contains_function_call(name="get_slots")
        run.expect.contains_function_call(name="book_slot")
        _, booked = answers_in(session.history.items)
        assert booked["booking"]["status"] == "confirmed"
        run.expect[-1].is_message(role="assistant")
        print(booked["result"])


def text_of(context: MCPToolResultContext) -> str:
    """Return the text of an answer. By default, the model sees JSON within JSON."""
    return context.result.content[0].text


def answers_in(items: list[llm.ChatItem]) -> list[dict[str, Any]]:
    """Return the answers of the tools, in their order."""
    return [json.loads(item.output) for item in items if item.type == "function_call_output"]


def tool_call(tool: str, **arguments: object) -> llm.ChoiceDelta:
    """Return a turn that calls a tool."""
    called = llm.FunctionToolCall(name=tool, arguments=json.dumps(arguments), call_id=f"call_{uuid.uuid4().hex}")
    return llm.ChoiceDelta(role="assistant", tool_calls=[called])


asyncio.run(main())
