"""An agent of Pydantic AI books an appointment. Its model is a function, so that it needs no provider."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["pydantic-ai-slim[mcp]==2.68.0"]
# ///
import asyncio
import os

from fastmcp.client.transports import StreamableHttpTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8000")
KEY = os.environ.get("KEY", "")
CUSTOMER = {"customerName": "Kim Doe", "customerPhone": "303 555 0146"}


async def main() -> None:
    """Answer one caller."""
    headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
    toolset = MCPToolset(StreamableHttpTransport(f"{SERVER}/mcp", headers=headers), include_instructions=True)
    agent = Agent(FunctionModel(scripted_turn), toolsets=[toolset])
    async with agent:
        run = await agent.run("My sink leaks. Can somebody come tomorrow? I am Kim Doe, 303 555 0146.")
    _, booked = answers_in(run.all_messages())
    assert booked["booking"]["status"] == "confirmed"
    print(run.output)


def scripted_turn(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Return a turn of the model: it searches, books the first time, and says the sentence of the last answer."""
    assert "get_slots" in [tool.name for tool in info.function_tools]
    assert info.instructions, "the model has the server's instructions"
    match answers_in(messages):
        case []:
            return ModelResponse([ToolCallPart("get_slots", {"from": "tomorrow", "limit": 2})])
        case [found]:
            return ModelResponse([ToolCallPart("book_slot", {"start": found["slots"][0]["start"], **CUSTOMER})])
        case [*_, booked]:
            return ModelResponse([TextPart(booked["result"])])


def answers_in(messages: list[ModelMessage]) -> list[dict]:
    """Return the answers of the tools, in their order. The model sees the structured content."""
    parts = [part for message in messages for part in message.parts]
    return [part.content for part in parts if isinstance(part, ToolReturnPart)]


asyncio.run(main())
