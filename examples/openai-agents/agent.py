"""An agent of the OpenAI Agents SDK books an appointment. Its model is scripted, so that it needs no provider."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["openai-agents==0.24.0"]
# ///
import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, Model, ModelResponse, RunConfig, Runner, Usage
from agents.mcp import MCPServerStreamableHttp
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8000")
KEY = os.environ.get("KEY", "")
CUSTOMER = {"customerName": "Kim Doe", "customerPhone": "303 555 0147"}


class ScriptedModel(Model):
    """Model that searches, books the first time, and says the sentence of the last answer."""

    async def get_response(
        self,
        system_instructions: str | None,  # noqa: ARG002
        input: str | list[Any],  # noqa: A002
        *_settings: object,
        **_more: object,
    ) -> ModelResponse:
        """Return the next turn."""
        match answers_in(input if isinstance(input, list) else []):
            case []:
                turn = tool_call("get_slots", **{"from": "tomorrow", "limit": 2})
            case [found]:
                turn = tool_call("book_slot", start=found["slots"][0]["start"], **CUSTOMER)
            case [*_, booked]:
                turn = message(booked["result"])
        return ModelResponse(output=[turn], usage=Usage(), response_id=None)

    def stream_response(self, *_args: object, **_more: object) -> AsyncIterator[Any]:
        """Reject streaming: this example does not need it."""
        raise NotImplementedError


async def main() -> None:
    """Answer one caller."""
    headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
    async with MCPServerStreamableHttp(params={"url": f"{SERVER}/mcp", "headers": headers}) as server:
        agent = Agent("Receptionist", model=ScriptedModel(), mcp_servers=[server])
        run = await Runner.run(
            agent,
            "My sink leaks. Can somebody come tomorrow? I am Kim Doe, 303 555 0147.",
            run_config=RunConfig(tracing_disabled=True),
        )
    _, booked = answers_in(run.to_input_list())
    assert booked["booking"]["status"] == "confirmed"
    print(run.final_output)


def answers_in(items: list[Any]) -> list[dict[str, Any]]:
    """Return the answers of the tools, in their order. The model sees their text, which is JSON."""
    outputs = [
        item["output"] for item in items if isinstance(item, dict) and item.get("type") == "function_call_output"
    ]
    return [json.loads(output if isinstance(output, str) else output[0]["text"]) for output in outputs]


def tool_call(tool: str, **arguments: object) -> ResponseFunctionToolCall:
    """Return a turn that calls a tool."""
    return ResponseFunctionToolCall(
        type="function_call", call_id=f"call_{uuid.uuid4().hex}", name=tool, arguments=json.dumps(arguments)
    )


def message(text: str) -> ResponseOutputMessage:
    """Return a turn that speaks."""
    content = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        type="message", id=f"msg_{uuid.uuid4().hex}", role="assistant", status="completed", content=[content]
    )


asyncio.run(main())
