"""Page that describes the tools over plain HTTP. It needs no credential, like the document at /openapi.json."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from slotmcp.domain import access
from slotmcp.domain.access import ANONYMOUS
from slotmcp.services.current_principal import current_principal
from slotmcp.web.dashboard.request import DashboardContext
from slotmcp.web.openapi import OPENAPI_PATH, ApiTool
from slotmcp.web.tool_calls import STATUSES, TOOLS_PATH

DOCS_PATH: Final = "/docs"
SelectTools = Callable[[frozenset[access.Scope]], Sequence[ApiTool]]
"""Returns the tools of some scopes."""


class Argument(NamedTuple):
    """Row of a table of arguments."""

    name: str
    type: str
    is_required: bool
    description: str


class ApiPage:
    """ASGI app that serves the page with the tools of the current principal."""

    def __init__(self, context: DashboardContext, select: SelectTools) -> None:
        self._context = context
        self._select = select

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        http = Request(scope, receive)
        root: str = scope.get("root_path", "")
        response = self._context.page(
            http,
            "api.html",
            tools=[_describe(tool) for tool in self._select(current_principal(ANONYMOUS).scopes)],
            document=root + OPENAPI_PATH,
            statuses=sorted((status, code) for code, status in STATUSES.items()),
        )
        await response(scope, receive, send)


def _describe(tool: ApiTool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "path": TOOLS_PATH.format(name=tool.name),
        "arguments": list(_arguments(tool)),
        "response": [name for name in tool.response_schema["properties"] if name != "error"],
        "example": orjson.dumps(tool.example, option=orjson.OPT_INDENT_2).decode(),
    }


def _arguments(tool: ApiTool) -> Iterator[Argument]:
    required = tool.parameters.get("required", ())
    for name, schema in tool.parameters["properties"].items():
        type_ = ", ".join(schema["enum"]) if "enum" in schema else schema["type"]
        yield Argument(name, type_, name in required, schema.get("description", ""))
