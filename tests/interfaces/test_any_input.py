"""Property test: any arguments give a response or an actionable error, never an internal error."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.server import MCPServer

from slotmcp.tools.argument_names import ALIASES
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import create_server, select_tools
from support.server import Caller, body_of

FIELDS = {tool.name: [*tool.parameters["properties"]] for tool in select_tools(Toolset.OPERATOR)}
"""Names of the arguments of each tool."""

TEXTS = st.sampled_from(
    [
        *("", " ", "ac-repair", "denver-hvac", "t-ana", "Kim", "+1 303 555 0142", "kim@example.com", "morning", "full"),
        *("2026-11-23", "2026-11-23T09:00", "2026-11-23T16:00:00Z", "2026-11-01T01:30", "2199-12-31T23:59-23:59"),
        *("2000-01-01T00:00+23:59", "2026-03-08T02:30", "America/Denver", "Australia/Lord_Howe", "America", "UTC"),
        *("mon,tue", "60", "-1", "1e9", "'; DROP TABLE claims; --", "🐙", "\u202e", "a\ud800", "\x00", "../../etc"),
        *(
            "tomorrow 14:00",
            "next tuesday",
            "tue morning",
            "14:00",
            "today night",
            "2026-11-23T09:00:30",
            "mailto:a@b.cd",
        ),
        *(
            "tel:+1-303-555-0142",
            "0000000000",
            "\u202d303\u202c",
            "\uff13\uff10\uff13 555 0142",
            "AC Repair",
            "Ana",
            "EST",
        ),
    ]
) | st.text(max_size=80)
CURSORS = st.lists(st.integers() | st.floats() | st.text(max_size=12) | st.none(), max_size=6).map(
    lambda parts: base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
)
VALUES = (
    TEXTS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 200)
    | st.floats()
    | st.lists(st.integers(), max_size=2)
    | st.lists(st.sampled_from(["mon", "Tuesday", "x"]), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    tool = draw(st.sampled_from(sorted(FIELDS)))
    names = draw(st.lists(st.sampled_from([*FIELDS[tool], *(name for pair in ALIASES for name in pair)]), unique=True))
    return tool, {name: draw(CURSORS | VALUES if name == "cursor" else VALUES) for name in names}


@pytest.fixture
def server(caller: Caller) -> MCPServer:
    return create_server(caller.app, toolset=Toolset.OPERATOR)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(call=calls())
async def test_no_arguments_cause_an_internal_error(server: MCPServer, call: tuple[str, dict[str, object]]) -> None:
    tool, arguments = call
    async with Client(server) as client:
        body = body_of(await client.call_tool(tool, arguments))
    assert body.get("error", {}).get("code") != "internal", body
