"""One use case as an MCP tool: strict with what it is asked, the same in both channels, and always answering."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import getdoc
from time import perf_counter
from typing import Any, Final, Generic, TypeVar, get_type_hints

import orjson
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field, InstanceOf

from slotmcp.domain.access import Principal, Scope
from slotmcp.domain.errors import NotFound, SlotmcpError
from slotmcp.services.app import App
from slotmcp.services.trace_writing import Tracing
from slotmcp.services.tracing import span, tracing_into
from slotmcp.tools import events
from slotmcp.tools.arguments import OfProject, published, read_arguments
from slotmcp.tools.errors import INTERNAL, Spoken, error_body, internal_body
from slotmcp.tools.gate import LOCAL_GATE, CallGate, as_seen_by
from slotmcp.tools.moments import read_zone
from slotmcp.tools.schemas import Schema, answer_schema, brief

A = TypeVar("A", bound=OfProject)

_OK: Final = "ok"
_MS_PER_SECOND: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a client may assume of a tool. All tools of ours stay within the booking system."""

    read_only: bool
    idempotent: bool
    destructive: bool = False

    def annotations(self, title: str) -> ToolAnnotations:
        """The hints as the protocol has them, none left to its default."""
        return ToolAnnotations(
            title=title,
            read_only_hint=self.read_only,
            destructive_hint=self.destructive,
            idempotent_hint=self.idempotent,
            open_world_hint=False,
        )


@dataclass(frozen=True, slots=True)
class UseCase(Generic[A]):
    """A tool's one definition.

    Its name and description are those of `perform`, its schemas those of the types that `perform` asks for
    (as `asked`) and returns.
    """

    perform: Callable[[App, A], Awaitable[Mapping[str, object]]]
    title: str
    hints: Hints
    scope: Scope = Scope.CALLER
    """Whose tool it is."""

    @property
    def answer_schema(self) -> Schema:
        """All that an answer is, down to the last key. What is published is brief."""
        return answer_schema(get_type_hints(self.perform, include_extras=True)["return"])

    def tool_of(self, app: App, gate: CallGate = LOCAL_GATE) -> "UseCaseTool":
        """The tool, working on an app, behind a door."""
        arguments: type[A] = get_type_hints(self.perform, include_extras=True)["asked"]

        async def answer(given: Mapping[str, object]) -> Mapping[str, object]:
            asked = read_arguments(arguments, given)
            project_id = gate.principal.resolve_project(asked.project_id)
            if project_id != asked.project_id:
                asked = asked.model_copy(update={"project_id": project_id})
            return await self.perform(app, asked)

        return UseCaseTool(
            fn=answer,
            name=self.perform.__name__,
            title=self.title,
            description=getdoc(self.perform) or "",
            parameters=published(arguments),
            fn_metadata=FuncMetadata(arg_model=arguments, output_schema=brief(self.answer_schema)),
            is_async=True,
            context_kwarg=None,
            annotations=self.hints.annotations(self.title),
            scope=self.scope,
            gate=gate,
            new_trace_id=app.ids.new_id,
            tracing=app.tracing,
            usual_locale=app.projects.usual_locale,
        )


class UseCaseTool(Tool):
    """A tool of ours. What goes wrong is answered, never raised."""

    scope: Scope = Field(exclude=True)
    gate: InstanceOf[CallGate] = Field(exclude=True)
    new_trace_id: Callable[[], str] = Field(exclude=True)
    tracing: InstanceOf[Tracing] = Field(exclude=True)
    usual_locale: Callable[[str | None], str] = Field(exclude=True)

    async def run(self, arguments: dict[str, Any], context: object, convert_result: bool = False) -> CallToolResult:  # noqa: ARG002, FBT001, FBT002  the SDK's signature
        """Answer a call, and log how it went."""
        trace_id = self.new_trace_id()
        began = perf_counter()
        with self.gate.entered() as principal:
            outcome, result = await self._traced(arguments, principal, trace_id)
        seconds = perf_counter() - began
        self.gate.observe(self.name, outcome, seconds)
        events.called(self.name, outcome, trace_id, seconds * _MS_PER_SECOND, principal)
        return result

    async def _traced(
        self, arguments: Mapping[str, object], principal: Principal, trace_id: str
    ) -> tuple[str, CallToolResult]:
        sketch = self.tracing.begin(self.name, trace_id, principal)
        if sketch is None:
            return await self._answer(arguments, principal, trace_id)
        with tracing_into(sketch):
            outcome, result = await self._answer(arguments, principal, trace_id)
        self.tracing.end(sketch, outcome)
        return outcome, result

    async def _answer(
        self, arguments: Mapping[str, object], principal: Principal, trace_id: str
    ) -> tuple[str, CallToolResult]:
        try:
            return await self._perform(arguments, principal, trace_id)
        except Exception:  # noqa: BLE001  the last line: told as internal, logged whole
            events.failed(self.name, trace_id)
            spoken = self._spoken(arguments, principal)
            return INTERNAL, _result(internal_body(spoken), trace_id, is_error=True)

    async def _perform(
        self, arguments: Mapping[str, object], principal: Principal, trace_id: str
    ) -> tuple[str, CallToolResult]:
        try:
            await self.gate.admit(principal, self.scope)
            with span("service"):
                answer = await self.fn(arguments)
            return _OK, _result(answer, trace_id)
        except SlotmcpError as error:
            told = as_seen_by(principal, error) if isinstance(error, NotFound) else error
            return error.code, _result(error_body(told, self._spoken(arguments, principal)), trace_id, is_error=True)

    def _spoken(self, arguments: Mapping[str, object], principal: Principal) -> Spoken:
        """To whom to tell an error, from arguments that may themselves be what is wrong."""
        project_id, locale = _text(arguments.get("projectId")), _text(arguments.get("locale"))
        usual_locale = self._usual_locale(project_id or None, principal)
        return Spoken(locale, usual_locale, _zone(_text(arguments.get("timezone"))))

    def _usual_locale(self, asked: str | None, principal: Principal) -> str:
        try:
            project_id = principal.resolve_project(asked)
        except SlotmcpError:
            return ""
        return self.usual_locale(project_id)


def _text(given: object) -> str:
    return given.strip() if isinstance(given, str) else ""


def _zone(given: str) -> str:
    try:
        return read_zone(given) if given else ""
    except ValueError:
        return ""


def _result(body: Mapping[str, object], trace_id: str, *, is_error: bool = False) -> CallToolResult:
    whole = {**body, "traceId": trace_id}
    if not whole.get("note"):
        whole.pop("note", None)  # there is rarely something to note
    text = TextContent(type="text", text=orjson.dumps(whole).decode())
    return CallToolResult(content=[text], structured_content=whole, is_error=is_error)
