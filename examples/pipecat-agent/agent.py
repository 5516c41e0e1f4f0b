"""A pipeline of Pipecat books an appointment. Its model is scripted: no audio, no transport and no provider."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["pipecat-ai[mcp]==1.14.0"]
# ///
import asyncio
import json
import os
import sys
import uuid
from dataclasses import fields
from typing import Any

from loguru import logger
from mcp.client.session_group import StreamableHttpParameters
from pipecat.frames.frames import (
    EndWorkerFrame,
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    LLMTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.mcp_service import MCPClient
from pipecat.services.settings import LLMSettings
from pipecat.workers.runner import WorkerRunner

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8000")
KEY = os.environ.get("KEY", "")
CUSTOMER = {"customerName": "Kim Doe", "customerPhone": "303 555 0149"}
PINNED = {"timezone": "America/Denver", "locale": "en-US"}
"""Arguments that the program knows. The model does not see them."""


class ScriptedLLM(LLMService):
    """Model that searches, books the first time, and says the sentence of the last answer."""

    def __init__(self) -> None:
        """Give a value to every setting, as Pipecat demands."""
        unused = {setting.name: None for setting in fields(LLMSettings) if setting.name != "extra"}
        super().__init__(settings=LLMSettings(**unused))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take a turn for each context, and pass all other frames on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await self.take_turn(frame.context)
        else:
            await self.push_frame(frame, direction)

    async def take_turn(self, context: LLMContext) -> None:
        """Call a tool, or speak and end."""
        match answers_in(context):
            case []:
                await self.call(context, "get_slots", **{"from": "tomorrow", "limit": 2})
            case [found]:
                await self.call(context, "book_slot", start=found["slots"][0]["start"], **CUSTOMER)
            case [*_, booked]:
                await self.speak(booked["result"])
                await self.push_frame(EndWorkerFrame())

    async def call(self, context: LLMContext, tool: str, **arguments: object) -> None:
        """Call a tool."""
        called = FunctionCallFromLLM(tool, f"call_{uuid.uuid4().hex}", arguments, context)
        await self.run_function_calls([called])

    async def speak(self, text: str) -> None:
        """Respond to the caller."""
        for frame in (LLMFullResponseStartFrame(), LLMTextFrame(text), LLMFullResponseEndFrame()):
            await self.push_frame(frame)


async def main() -> None:
    """Answer one caller."""
    headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
    pinned = {"get_slots": PINNED, "book_slot": PINNED}
    client = MCPClient(StreamableHttpParameters(url=f"{SERVER}/mcp", headers=headers), tools_arguments=pinned)
    tools = await client.tools()
    shown = {tool.name: tool.properties for tool in tools.standard_tools}
    assert not PINNED.keys() & shown["book_slot"].keys(), "the model does not see pinned arguments"

    request = "My sink leaks. Can somebody come tomorrow? I am Kim Doe, 303 555 0149."
    context = LLMContext([{"role": "user", "content": request}], tools=tools)
    user, assistant = LLMContextAggregatorPair(context)
    worker = PipelineWorker(Pipeline([user, ScriptedLLM(), assistant]))
    await worker.queue_frame(LLMRunFrame())
    runner = WorkerRunner()
    await runner.add_workers(worker)
    await runner.run()

    found, booked = answers_in(context)
    assert found["query"]["timezone"] == PINNED["timezone"]
    assert booked["booking"]["status"] == "confirmed"
    assert context.get_messages()[-1] == {"role": "assistant", "content": booked["result"]}
    print(booked["result"])


def answers_in(context: LLMContext) -> list[dict[str, Any]]:
    """Return the answers of the tools, in their order. Pipecat writes their text as a JSON string."""
    return [
        json.loads(json.loads(message["content"])) for message in context.get_messages() if message["role"] == "tool"
    ]


logger.remove()
logger.add(sys.stderr, level="WARNING")
asyncio.run(main())
