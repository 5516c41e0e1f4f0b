"""Calls of the tools without MCP, with the same checks and the same text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.errors import InvalidArgument, NotFound, RateLimited, SlotmcpError
from slotmcp.ports import Ids
from slotmcp.tools.errors import error_body
from slotmcp.tools.gate import CallGate
from slotmcp.tools.texts import clean, is_blank
from slotmcp.tools.tool import OK, SlotmcpTool, ToolResponse, encode_response

_KEY: Final = "idempotencyKey"
_TOO_MANY: Final = "Too many calls in a short time; nothing was done."
_KEYS_DIFFER: Final = "is not the same as the header Idempotency-Key; send one of the two."


@dataclass(frozen=True, slots=True)
class ToolText:
    """Response to a call."""

    text: str
    """Compact JSON object: the text content of MCP."""
    outcome: str
    """The word "ok", or the code of the error."""
    retry_after_ms: int = 0
    """Time after which the same call can succeed; 0: unknown."""


class ToolCaller:
    """Entry point of interfaces that call tools by name. Each call counts as a message of the current principal."""

    def __init__(self, tools: Iterable[SlotmcpTool], gate: CallGate, ids: Ids) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._gate = gate
        self._ids = ids

    async def call(self, name: str, arguments: Mapping[str, object], *, idempotency_key: str = "") -> ToolText:
        """Call a tool. A tool without the argument `idempotencyKey` ignores the key."""
        tool = self._tools.get(name)
        if tool is None:
            return await self.refuse(NotFound.among("tool", "tool", name, self._permitted_names()))
        try:
            arguments = _with_key(tool, arguments, idempotency_key)
        except InvalidArgument as error:
            return await self.refuse(error)
        with self._gate.refusing(await self.count()):
            return _text_of(await tool.respond(arguments))

    async def refuse(self, error: SlotmcpError) -> ToolText:
        """Return the response to a request that calls no tool. It counts, too."""
        wait_ms = await self.count()
        reported = RateLimited(_TOO_MANY, retry_after_ms=wait_ms) if wait_ms else error
        return _text_of(encode_response(error_body(reported), self._ids.new_id(), is_error=True))

    async def count(self) -> int:
        """Count a message, and return the milliseconds to wait if the credential sends too many; otherwise 0."""
        return await self._gate.count_message(self._gate.principal)

    def _permitted_names(self) -> list[str]:
        scopes = self._gate.principal.scopes
        return [tool.name for tool in self._tools.values() if tool.scope in scopes]


def _with_key(tool: SlotmcpTool, arguments: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Return the arguments with the key of the request.

    Raises:
        InvalidArgument: the arguments have another key.
    """
    if not key or _KEY not in tool.parameters["properties"]:
        return arguments
    given = arguments.get(_KEY)
    if given is None or given == 0 or (isinstance(given, str) and is_blank(given)):
        return {**arguments, _KEY: key}
    if clean(str(given)) != clean(key):
        raise InvalidArgument(_KEY, _KEYS_DIFFER)
    return arguments


def _text_of(response: ToolResponse) -> ToolText:
    error = response.content.get("error", {})
    return ToolText(response.text, error.get("code", OK), error.get("retryAfterMs") or 0)
