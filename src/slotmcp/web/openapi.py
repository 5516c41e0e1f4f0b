"""OpenAPI 3.1 document of the tools over plain HTTP, from the definitions that MCP lists.

Source: https://spec.openapis.org/oas/v3.1.0.html.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

import orjson

from slotmcp.domain.errors import ErrorCode
from slotmcp.web.tool_calls import STATUSES, TOOLS_PATH

Part: TypeAlias = dict[str, Any]
"""Part of a document."""

OPENAPI_PATH: Final = "/openapi.json"
API_VERSION: Final = "1"
"""Version of the interface. The program's version is left out, because it would reveal known vulnerabilities."""
_KEY: Final = "idempotencyKey"
_TITLE: Final = "slotmcp"
_DESCRIPTION: Final = (
    "Find, hold and book appointments. Each operation is a tool: the body has its arguments, and the response has "
    "`result`, a sentence that can be said aloud. The same tools are served over MCP at /mcp."
)
_TEXT: Final[Part] = {"type": "string"}
_ERRORS_BEFORE_CALL: Final[Mapping[int, str]] = {
    401: "The key or token is missing or invalid.",
    413: "The body is too large.",
    415: "The body is not announced as JSON in UTF-8.",
    421: "The host is not one of the server's names.",
}
"""Statuses of errors that come before a tool is called."""
_TOOL_ERRORS: Final[Mapping[int, str]] = {
    400: "An argument is wrong. `error.fields` names it and the valid form.",
    403: "The credential or the caller may not do this.",
    404: "There is no such tool, project, service, technician or booking.",
    409: "The time is not available, or contradicts what is booked or held.",
    422: "The idempotency key was used for another request.",
    429: "Too many calls. Retry after the time in `Retry-After`.",
    500: "An unexpected failure.",
    503: "The server is unavailable or stopping. Retry after the time in `Retry-After`.",
}
"""Statuses of errors of tools."""
_WRITE_ERRORS: Final = frozenset({409, 422})
"""Statuses that only tools which change something return."""
_RETRYABLE_ERRORS: Final = frozenset({409, 429, 503})
"""Statuses that can come with `Retry-After`."""
_ERROR_BEFORE_CALL: Final[Part] = {
    "type": "object",
    "description": "Error before a tool is called.",
    "properties": {"error": _TEXT, "message": _TEXT, "retryAfterMs": {"type": "integer"}},
    "required": ["error", "message"],
}
_ERROR_EXAMPLE: Final[Part] = {
    "result": "I'm sorry, I don't have that one. What would you like instead?",
    "error": {
        "code": "not_found",
        "retryable": False,
        "fields": [{"field": "serviceType", "problem": "There is no service 'plumbing'. Valid: ac-repair."}],
        "nearest": ["ac-repair"],
    },
    "traceId": "01KB8Z3V6M4QW9T2R5X7Y1C0DE",
}


class ApiTool(Protocol):
    """Definition of a tool."""

    @property
    def name(self) -> str:
        """Name in the path."""

    @property
    def title(self) -> str:
        """Short title."""

    @property
    def description(self) -> str:
        """Description for models."""

    @property
    def parameters(self) -> Part:
        """Schema of the arguments."""

    @property
    def response_schema(self) -> Part:
        """Schema of the response."""

    @property
    def example(self) -> Mapping[str, object]:
        """Example of the arguments."""

    @property
    def is_read_only(self) -> bool:
        """True if the tool changes nothing."""


def openapi_document(tools: Sequence[ApiTool], *, public_url: str = "") -> bytes:
    """Return the document as JSON text. Without a public URL, the server is where the document comes from."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": API_VERSION, "description": _DESCRIPTION},
        "servers": [{"url": public_url.rstrip("/") or "."}],
        "security": [{"bearer": []}, {"apiKey": []}],
        "paths": {TOOLS_PATH.format(name=tool.name): {"post": _operation(tool)} for tool in tools},
        "components": _components(tools),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _operation(tool: ApiTool) -> Part:
    takes_key = _KEY in tool.parameters["properties"]
    return {
        "operationId": tool.name,
        "summary": tool.title,
        "description": tool.description,
        "parameters": [_parameter("CallId"), *([_parameter("IdempotencyKey")] if takes_key else [])],
        "requestBody": {
            "required": bool(tool.parameters.get("required")),
            "content": _json(tool.parameters, tool.example),
        },
        "responses": {"200": _response("Success.", _success(tool.response_schema)), **_errors(tool)},
    }


def _success(schema: Part) -> Part:
    """Return the schema of a response without errors."""
    return {**schema, "properties": {name: part for name, part in schema["properties"].items() if name != "error"}}


def _errors(tool: ApiTool) -> Part:
    statuses = sorted({*_ERRORS_BEFORE_CALL, *_TOOL_ERRORS} - (_WRITE_ERRORS if tool.is_read_only else set()))
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _components(tools: Sequence[ApiTool]) -> Part:
    error = tools[0].response_schema["properties"]["error"] if tools else {"type": "object"}
    return {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "Access key or OAuth token."},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Access key."},
        },
        "parameters": {
            "CallId": _header("X-Call-Id", "Id of the phone call, which tells callers apart.", 128),
            "IdempotencyKey": _header("Idempotency-Key", "As the argument idempotencyKey.", 256),
        },
        "schemas": {"ToolError": _tool_error(error), "HttpError": _ERROR_BEFORE_CALL},
        "responses": {
            **{str(status): _response(text, _reference("HttpError")) for status, text in _ERRORS_BEFORE_CALL.items()},
            **{str(status): _error_response(status, text) for status, text in _TOOL_ERRORS.items()},
        },
    }


def _tool_error(error: Part) -> Part:
    codes: list[str] = [code.value for code in ErrorCode]
    properties = {**error["properties"], "code": {**_TEXT, "enum": codes}}
    return {
        "type": "object",
        "description": "Error of a tool. `result` can be said aloud.",
        "properties": {"result": _TEXT, "error": {**error, "properties": properties}, "traceId": _TEXT},
        "required": ["result", "error", "traceId"],
        "examples": [_ERROR_EXAMPLE],
    }


def _error_response(status: int, text: str) -> Part:
    codes = ", ".join(f"`{code}`" for code, mapped in STATUSES.items() if mapped == status)
    schema = {"anyOf": [_reference("ToolError"), _reference("HttpError")]}
    time = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    headers = {"headers": time} if status in _RETRYABLE_ERRORS else {}
    return {**_response(f"{text} Codes: {codes}.", schema), **headers}


def _response(description: str, schema: Part) -> Part:
    return {"description": description, "content": _json(schema)}


def _json(schema: Part, example: Mapping[str, object] | None = None) -> Part:
    return {"application/json": {"schema": schema, **({"example": example} if example is not None else {})}}


def _reference(name: str) -> Part:
    return {"$ref": f"#/components/schemas/{name}"}


def _parameter(name: str) -> Part:
    return {"$ref": f"#/components/parameters/{name}"}


def _header(name: str, description: str, max_length: int) -> Part:
    schema = {**_TEXT, "maxLength": max_length}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}
