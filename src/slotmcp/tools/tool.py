"""Definition of a tool, and its execution: strict arguments, a permission check, a trace, and always a response."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Final, Generic, TypeAlias, TypeVar, get_type_hints

import orjson
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field, InstanceOf

from slotmcp.domain.access import LOCAL, Principal, Scope
from slotmcp.domain.errors import ErrorCode, NotFound, SlotmcpError
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.engine.zone_names import find_zone
from slotmcp.services.app import App
from slotmcp.services.tracing import span, tracing_into
from slotmcp.tools.argument_reader import read_arguments
from slotmcp.tools.argument_resolution import resolve_names, resolve_words
from slotmcp.tools.arguments import ProjectArguments, argument_schema
from slotmcp.tools.errors import CallerContext, error_body, internal_body, is_about_time
from slotmcp.tools.examples import EXAMPLES
from slotmcp.tools.gate import LOCAL_GATE, CallGate, hide_other_projects, log_call, log_failure, report_refusal
from slotmcp.tools.schemas import Schema, brief_schema, response_schema, without_lengths
from slotmcp.tools.texts import plain
from slotmcp.tools.weekdays import NAMES

A = TypeVar("A", bound=ProjectArguments)
Function: TypeAlias = Callable[[App, A], Awaitable[Mapping[str, object]]]
RawArguments: TypeAlias = Mapping[str, object]
Outcome: TypeAlias = tuple[str, "ToolResponse"]
"""Pair of "ok" or an error code, and the response."""

OK: Final = "ok"
"""Outcome of a call that succeeded."""
_SEARCH_HINT: Final = "anthropic/searchHint"
_ALWAYS_LOAD: Final = "anthropic/alwaysLoad"
_MAX_TEXT: Final = 64
"""Maximum length of the arguments that determine the language and the zone of an error."""


NOT_IDEMPOTENT: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
IDEMPOTENT: Final = NOT_IDEMPOTENT.model_copy(update={"idempotent_hint": True})
DESTRUCTIVE: Final = IDEMPOTENT.model_copy(update={"destructive_hint": True})
READ_ONLY: Final = IDEMPOTENT.model_copy(update={"read_only_hint": True})


@dataclass(frozen=True, slots=True)
class ToolDefinition(Generic[A]):
    """Definition of a tool. Name, description and both schemas come from the function's name, docstring and types."""

    function: Function[A]
    title: str
    hints: ToolAnnotations
    scope: Scope
    search_hint: str = ""
    """Words by which Claude Code finds the tool, beside its name and description. Without them, it is always loaded."""

    @property
    def name(self) -> str:
        """Name on the wire."""
        return self.function.__name__

    @property
    def description(self) -> str:
        """Text that models read, in one paragraph: a line break is a token."""
        return " ".join((self.function.__doc__ or "").split())

    @property
    def meta(self) -> dict[str, Any]:
        """Hints for clients that search for tools. Their models do not see them."""
        return {_SEARCH_HINT: self.search_hint} if self.search_hint else {_ALWAYS_LOAD: True}

    @property
    def is_read_only(self) -> bool:
        """True if the tool changes nothing."""
        return self.hints.read_only_hint is True

    @property
    def example(self) -> Mapping[str, object]:
        """Example of the arguments."""
        return EXAMPLES[self.name]

    @property
    def arguments(self) -> type[A]:
        """Model of the arguments."""
        model: type[A] = get_type_hints(self.function, include_extras=True)["args"]
        return model

    @property
    def parameters(self) -> Schema:
        """Published schema of the arguments."""
        return without_lengths(argument_schema(self.arguments))

    @property
    def response_schema(self) -> Schema:
        """Complete schema of the response."""
        return response_schema(self._response)

    @property
    def brief_schema(self) -> Schema:
        """Published schema of the response: its complete schema, reduced to the type of each key."""
        return brief_schema(self._response)

    @property
    def _response(self) -> Any:  # noqa: ANN401  a TypedDict class has no better type
        return get_type_hints(self.function, include_extras=True)["return"]

    def bind(self, app: App, gate: CallGate = LOCAL_GATE) -> "SlotmcpTool":
        """Return the tool for an app and a gate."""
        model, is_read_only = self.arguments, self.is_read_only

        async def call(raw: RawArguments, principal: Principal) -> Mapping[str, object]:
            args = read_arguments(model, _without_own_zone(app, raw, principal))
            project_id = principal.resolve_project(args.project_id)
            if project_id != args.project_id:
                args = args.model_copy(update={"project_id": project_id})
            args = await resolve_names(app, args)
            args = await resolve_words(app, args, may_mean_two_days=is_read_only)
            return await self.function(app, args)

        return SlotmcpTool(
            fn=call,
            name=self.name,
            title=self.title,
            description=self.description,
            parameters=self.parameters,
            fn_metadata=FuncMetadata(arg_model=model, output_schema=self.brief_schema),
            is_async=True,
            context_kwarg=None,
            meta=self.meta,
            annotations=self.hints.model_copy(update={"title": self.title}),
            scope=self.scope,
            gate=gate,
            app=app,
        )


def tool(
    title: str,
    hints: ToolAnnotations,
    scope: Scope = Scope.CALLER,
    *,
    search_hint: str = "",
) -> Callable[[Function[A]], ToolDefinition[A]]:
    """Define a tool from the decorated function. The function's docstring is the description that models read.

    Clients that search for tools load one without a `search_hint` in every conversation.
    """

    def define(function: Function[A]) -> ToolDefinition[A]:
        return ToolDefinition(function, title, hints, scope, search_hint)

    return define


class SlotmcpTool(Tool):
    """Tool that turns every error into a response."""

    scope: Scope = Field(exclude=True)
    gate: InstanceOf[CallGate] = Field(exclude=True)
    app: InstanceOf[App] = Field(exclude=True)

    async def run(self, arguments: dict[str, Any], context: object, convert_result: bool = False) -> CallToolResult:  # noqa: ARG002, FBT001, FBT002  the SDK's signature
        """Respond to a call of the SDK."""
        return (await self.respond(arguments)).result

    async def respond(self, arguments: RawArguments) -> "ToolResponse":
        """Respond to a call, observe it and log it. Never raises: the SDK would send the text of an exception."""
        trace_id = ""
        try:
            trace_id = self.app.ids.new_id()
            with self.gate.enter() as principal:
                return await self._observed(arguments, principal, trace_id)
        except Exception:  # noqa: BLE001  a fault in front of the call, logged in full
            log_failure(self.name, trace_id)
            return encode_response(internal_body(), trace_id, is_error=True)

    async def warm_up(self, arguments: RawArguments) -> None:
        """Fill the caches that a call reads. This is not admitted, traced or measured, and never raises."""
        try:
            encode_response(await self.fn(arguments, LOCAL), "")
        except SlotmcpError:
            pass  # a call with these arguments is refused, too
        except Exception:  # noqa: BLE001  logged in full, because the server can start without it
            log_failure(self.name, "")

    async def _observed(self, arguments: RawArguments, principal: Principal, trace_id: str) -> "ToolResponse":
        builder = self.app.tracing.begin(self.name, trace_id, principal)
        began = perf_counter()
        with tracing_into(builder):
            outcome, response = await self._respond(arguments, principal, trace_id)
        seconds = perf_counter() - began
        try:
            if builder is not None:
                self.app.tracing.end(builder, outcome)
            self.gate.observe(self.name, outcome, seconds)
            log_call(self.name, outcome, trace_id, seconds * MS_PER_SECOND, principal)
        except Exception:  # noqa: BLE001  logged in full, because the call itself is complete
            log_failure(self.name, trace_id)
        return response

    async def _respond(self, arguments: RawArguments, principal: Principal, trace_id: str) -> Outcome:
        try:
            return await self._perform(arguments, principal, trace_id)
        except Exception:  # noqa: BLE001  logged in full, reported as an internal error
            log_failure(self.name, trace_id)
            body = internal_body(self._caller_context(arguments, principal))
            return ErrorCode.INTERNAL, encode_response(body, trace_id, is_error=True)

    async def _perform(self, arguments: RawArguments, principal: Principal, trace_id: str) -> Outcome:
        try:
            await self.gate.admit(principal, self.scope)
            with span("service"):
                response = await self.fn(arguments, principal)
            return OK, encode_response(response, trace_id)
        except SlotmcpError as error:
            report_refusal(error, principal)
            reported = hide_other_projects(principal, error) if isinstance(error, NotFound) else error
            context = self._caller_context(arguments, principal)
            if is_about_time(reported):
                context = replace(context, today=await self._today(arguments, principal, context.timezone))
            body = error_body(reported, context)
            return error.code, encode_response(body, trace_id, is_error=True)

    def _caller_context(self, arguments: RawArguments, principal: Principal) -> CallerContext:
        """Return the caller's language and zone, from arguments that may be invalid."""
        project_id, locale = _text(arguments.get("projectId")), _text(arguments.get("locale"))
        usual_locale = self._usual_locale(project_id or None, principal)
        return CallerContext(locale, usual_locale, _zone(_text(arguments.get("timezone"))))

    async def _today(self, arguments: RawArguments, principal: Principal, zone_key: str) -> str:
        """Return today's date in the caller's zone, or "" if the project is unknown or unavailable."""
        try:
            project_id = principal.resolve_project(_text(arguments.get("projectId")) or None)
            today = (await self.app.projects.clock(project_id, zone_key or None)).today
        except SlotmcpError:
            return ""
        return f"{NAMES[today.weekday()].title()}, {today}"

    def _usual_locale(self, project_id: str | None, principal: Principal) -> str:
        try:
            return self.app.projects.usual_locale(principal.resolve_project(project_id))
        except SlotmcpError:
            return ""


def _without_own_zone(app: App, raw: RawArguments, principal: Principal) -> RawArguments:
    """Leave out a time zone that is the project's own, because that of an older project may be no place."""
    zone_key = _text(raw.get("timezone"))
    try:
        project_id = principal.resolve_project(_text(raw.get("projectId")) or None)
    except SlotmcpError:
        return raw
    if not zone_key or zone_key != app.projects.usual_timezone(project_id):
        return raw
    return {name: value for name, value in raw.items() if name != "timezone"}


def _text(raw: object) -> str:
    return raw.strip() if isinstance(raw, str) and len(raw) <= _MAX_TEXT and raw.isprintable() else ""


def _zone(raw: str) -> str:
    try:
        return find_zone(plain(raw)) if raw else ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class ToolResponse:
    """Response to a call, which no protocol has wrapped yet."""

    content: Mapping[str, Any]
    text: str
    """Content as compact JSON."""
    is_error: bool

    @property
    def result(self) -> CallToolResult:
        """Response in both channels of MCP: as structured content, and as one text block."""
        block = TextContent(type="text", text=self.text)
        return CallToolResult(content=[block], structured_content=self.content, is_error=self.is_error)


def encode_response(body: Mapping[str, object], trace_id: str, *, is_error: bool = False) -> ToolResponse:
    """Return a response with its trace id, and without an empty note."""
    content = {**body, "traceId": trace_id}
    if not content.get("note"):
        content.pop("note", None)
    return ToolResponse(content, orjson.dumps(content).decode(), is_error)
