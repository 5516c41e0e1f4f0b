"""Messages of Vapi to a server URL: tool calls, and default answers to other messages.

Source: https://docs.vapi.ai/tools/custom-tools and https://docs.vapi.ai/server-url/events. Vapi ignores every status
but 200, so errors of tools are results, too. A result is one line of text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from slotmcp.domain.errors import InvalidArgument, RateLimited, SlotmcpError
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.web.json_bodies import parse_object
from slotmcp.web.platforms import object_at, text_at, too_many_values, within_call_of
from slotmcp.web.responses import error_response, retry_response
from slotmcp.web.tool_calls import JsonEndpoint, ToolAnswer

VAPI_PATH: Final = "/v1/vapi"
MAX_CALLS: Final = 16
"""Maximum number of tool calls in one message; further ones are not made."""
MAX_RESULTS: Final = 100
"""Maximum number of results in one answer; further calls are ignored."""
TOOL_CALLS: Final = "tool-calls"
_NO_ASSISTANT: Final = "I'm sorry, no assistant is set for this phone number."
_NO_TRANSFER: Final = "I'm sorry, I can't transfer this call."
OTHER_ANSWERS: Final[Mapping[str, Mapping[str, object]]] = {
    "assistant-request": {"error": _NO_ASSISTANT},
    "transfer-destination-request": {"error": _NO_TRANSFER},
    "handoff-destination-request": {"error": _NO_TRANSFER},
    "knowledge-base-request": {"documents": []},
}
"""Answers to messages that expect one. The caller hears an `error`."""
_UNREADABLE: Final = 'Send {"message": {"type": "tool-calls", "toolCallList": [...], "call": {"id": ...}}}.'
_TOO_MANY: Final = f"One message can have at most {MAX_CALLS} tool calls; this one was not made."
_NO_JSON: Final = "must be a JSON object, or its text."


@dataclass(frozen=True, slots=True)
class VapiCall:
    """Tool call in a message."""

    id: str
    name: str
    arguments: object
    """Object, or its JSON text."""

    @classmethod
    def of(cls, entry: Mapping[str, object]) -> "VapiCall":
        """Return a call in any of the documented forms: with or without `function`, `arguments` or `parameters`."""
        function = object_at(entry, "function") or entry
        arguments = next((function[key] for key in ("arguments", "parameters") if function.get(key) is not None), {})
        return cls(text_at(entry, "id", "toolCallId"), text_at(function, "name"), arguments)

    def read_arguments(self) -> Mapping[str, object]:
        """Return the arguments.

        Raises:
            InvalidArgument: they are not a JSON object.
        """
        if isinstance(self.arguments, dict):
            return self.arguments
        if not isinstance(self.arguments, str):
            raise InvalidArgument("arguments", _NO_JSON)
        try:
            return parse_object(self.arguments.encode(errors="surrogatepass"))
        except InvalidArgument:
            raise InvalidArgument("arguments", _NO_JSON) from None


class VapiEndpoint(JsonEndpoint):
    """ASGI app that receives the messages of Vapi."""

    async def _respond(self, request: Request) -> Response:
        try:
            message = object_at(parse_object(await request.body()), "message")
        except InvalidArgument:
            message = {}
        kind = text_at(message, "type")
        if kind == TOOL_CALLS and (calls := calls_of(message)):
            return JSONResponse({"results": await self._call_all(message, calls)})
        if wait_ms := await self._tools.count():
            return retry_response(429, "rate_limited", "Too many messages in a short time.", after_ms=wait_ms)
        if kind in {"", TOOL_CALLS}:
            return error_response(400, "unreadable", _UNREADABLE)
        return JSONResponse(OTHER_ANSWERS.get(kind, {}))

    async def _call_all(self, message: Mapping[str, object], calls: Sequence[VapiCall]) -> Sequence[Mapping[str, str]]:
        """Make the calls in their order, because one may need the result of an earlier one."""
        error = too_many_values([call.arguments for call in calls[:MAX_CALLS]])
        too_many = RateLimited(_TOO_MANY, retry_after_ms=MS_PER_SECOND)
        with within_call_of(message):
            answers = [
                await self._call(call, error if number < MAX_CALLS else too_many) for number, call in enumerate(calls)
            ]
        return [
            {"name": call.name, "toolCallId": call.id, "result": one_line(answer.text)}
            for call, answer in zip(calls, answers, strict=True)
        ]

    async def _call(self, call: VapiCall, refused: SlotmcpError | None) -> ToolAnswer:
        if refused is not None:
            return await self._tools.refuse(refused)
        try:
            arguments = call.read_arguments()
        except InvalidArgument as error:
            return await self._tools.refuse(error)
        return await self._tools.call(call.name, arguments)


def calls_of(message: Mapping[str, Any]) -> list[VapiCall]:
    """Return the first tool calls of a message, which has them under one of several keys."""
    listed = next((message[key] for key in ("toolCallList", "toolCalls") if isinstance(message.get(key), list)), None)
    if listed is None:
        listed = [{"name": entry.get("name"), **object_at(entry, "toolCall")} for entry in _objects(message)]
    return [VapiCall.of(entry) for entry in listed[:MAX_RESULTS] if isinstance(entry, dict)]


def _objects(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = message.get("toolWithToolCallList")
    return [entry for entry in entries[:MAX_RESULTS] if isinstance(entry, dict)] if isinstance(entries, list) else []


def one_line(text: str) -> str:
    """Return a text without line breaks. JSON has none; some parsers count Unicode's line separators."""
    return " ".join(text.splitlines())
