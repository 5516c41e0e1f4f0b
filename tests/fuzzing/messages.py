"""Random JSON messages: valid, nearly valid and invalid calls of every tool, and other messages."""

from typing import Any, Final

from hypothesis import strategies as st

from fuzzing.business import BUSINESS
from fuzzing.memory import Placeholder
from slotmcp.tools.argument_names import ALIASES
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import select_tools

Json = Any

SCHEMAS: Final = {tool.name: tool.parameters for tool in select_tools(Toolset.OPERATOR)}
"""Input schemas of all tools."""
METHODS: Final = (
    *("initialize", "ping", "tools/list", "tools/call", "resources/list", "resources/read", "resources/subscribe"),
    *("resources/templates/list", "prompts/list", "prompts/get", "completion/complete", "logging/setLevel"),
    *("server/discover", "subscriptions/listen", "notifications/initialized", "notifications/cancelled"),
    *(
        "notifications/progress",
        "sampling/createMessage",
        "roots/list",
        "elicitation/create",
        "tasks/get",
        "rpc.discover",
    ),
)

ODD_TEXTS: Final = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1e9",
        "null",
        "*",
        "'; DROP TABLE claims; --",
        "\x00",
        "\u202e",
        "🐙",
        "a\ud800",
        "../../etc",
    ),
    *("2026-11-01T01:30", "2026-03-08T02:30", "2199-12-31T23:59-23:59", "0000-00-00", "9999-12-31T23:59:59Z"),
    *("America", "Australia/Lord_Howe", "UTC", "mon,tue", "=?base64?4pyT?=", "slotmcp://waitlist/x", "x" * 5_000),
)
TEXTS: Final = st.sampled_from(ODD_TEXTS) | st.text(max_size=80)
ANY_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)

WORDS: Final = st.sampled_from(
    ["today", "tomorrow", "Tuesday 14:00", "tomorrow at 9:30", "next tue 10:00", "fri morning", "today 23:59"]
)
WHEN: Final = st.builds(Placeholder, st.just("start"), st.integers(0, 30)) | WORDS
CONTACTS: Final = st.sampled_from(
    ["303 555 0142", "+1 303 555 0177", "+49 30 901820", 3_035_550_142, "tel:+1-303-555-0142", "\u202d3035550142\u202c"]
)
EMAILS: Final = st.sampled_from(["kim@example.com", "ana@example.com", "mailto:kim@example.com"])
VALID_VALUES: Final[dict[str, st.SearchStrategy[object]]] = {
    "projectId": st.just(BUSINESS.project.id),
    "serviceType": st.sampled_from(
        [text for service in BUSINESS.services for text in (service.id, service.name.upper())]
    ),
    "durationMinutes": st.sampled_from([30, 45, 60, 90, 240]),
    "from": WHEN,
    "to": WHEN,
    "start": WHEN,
    "end": WHEN,
    "timezone": st.sampled_from(["America/Denver", "europe/berlin", "Asia/Kathmandu", "EST"]),
    "latitude": st.floats(39, 41),
    "longitude": st.floats(-106, -104),
    "postalCode": st.sampled_from(["80202", "80202-1234", 80203, "80401", "sw1a 1aa"]),
    "priority": st.sampled_from(["normal", "Emergency"]),
    "partOfDay": st.sampled_from(["morning", "Afternoon", "evening ", "night", "any"]),
    "daysOfWeek": st.sampled_from(["mon", "tue,wed", "fri, mon", ["mon", "Tuesday"], '["sat"]', []]),
    "technicianId": st.sampled_from([text for one in BUSINESS.technicians for text in (one.id, one.name)]),
    "limit": st.integers(1, 100),
    "cursor": st.builds(Placeholder, st.just("cursor"), st.integers(0, 3)),
    "detail": st.sampled_from(["brief", "full"]),
    "status": st.sampled_from(["active", "active", "active", "off"]),
    "locale": st.sampled_from(["en-US", "en-GB", "es", "fr-CA", "de"]),
    "customerHash": st.sampled_from(["caller-1", "caller-2", "caller-3", "c7a1f93e05b24d68"]),
    "customerName": st.sampled_from(["Kim", "Ana María", "Ø. Sørensen"]),
    "customerPhone": CONTACTS,
    "phone": CONTACTS,
    "customerEmail": EMAILS,
    "email": EMAILS,
    "newPhone": CONTACTS,
    "newEmail": st.sampled_from(["kim@example.com", "ana@example.com"]),
    "holdToken": st.builds(Placeholder, st.just("holdToken"), st.integers(0, 3)),
    "bookingId": st.builds(Placeholder, st.just("bookingId"), st.integers(0, 3)),
    "ttlSeconds": st.integers(60, 120),
    "idempotencyKey": st.sampled_from(["k1", "k2", "k3", 1]) | st.uuids().map(str),
    "address": st.just("1437 Bannock St, Denver"),
    "notes": st.just("The gate is on the left."),
    "answers": st.sampled_from(
        [["pets: a dog"], "pets: a dog", '["age: 7"]', ["age: 7", "pets: no"], {"age": 7, "pets": "a dog"}, []]
    ),
    "additional": st.booleans(),
    "reason": st.just("Caught a cold."),
}
FAR_FUTURE: Final = st.integers(1, 28).map(lambda day: f"2031-02-{day:02}")
"""Days off in the far future, which do not affect other calls."""


ALIAS: Final = {name: alias for pair in ALIASES for name, alias in (pair, pair[::-1])}
"""The other name of each argument that has one."""


@st.composite
def arguments(draw: st.DrawFn, tool: str) -> dict[str, object]:
    """Draw arguments of a tool: the required and some optional ones, sometimes with a few invalid values."""
    schema = SCHEMAS[tool]
    required = schema.get("required", ())
    optional = draw(st.lists(st.sampled_from([*schema["properties"]]), max_size=5, unique=True))
    valid = {name: draw(_valid_value(tool, name)) for name in {**dict.fromkeys(required), **dict.fromkeys(optional)}}
    invalid = draw(st.lists(st.sampled_from([*schema["properties"], "extra"]), max_size=2, unique=True))
    valid = {draw(st.sampled_from([name, ALIAS.get(name, name)])): value for name, value in valid.items()}
    if draw(st.booleans()):
        return valid
    return {**valid, **{name: draw(ANY_JSON) for name in invalid}}


def _valid_value(tool: str, name: str) -> st.SearchStrategy[object]:
    return FAR_FUTURE if tool == "add_time_off" and name in {"start", "end"} else VALID_VALUES[name]


@st.composite
def tool_calls(draw: st.DrawFn) -> dict[str, object]:
    """Draw a call of a tool."""
    tool = draw(st.sampled_from(sorted(SCHEMAS)))
    return _message("tools/call", {"name": tool, "arguments": draw(arguments(tool))})


@st.composite
def other_messages(draw: st.DrawFn) -> dict[str, object]:
    """Draw a message of any method, with valid or invalid parameters."""
    method = draw(st.sampled_from(METHODS) | TEXTS)
    seen = st.builds(Placeholder, st.just("uri"), st.integers(0, 3))
    uri = seen | st.sampled_from(["slotmcp://waitlist/x", "slotmcp://", "file:///etc/passwd"]) | TEXTS
    params = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(sorted(SCHEMAS)) | TEXTS,
                "arguments": ANY_JSON,
                "uri": uri,
                "cursor": ANY_JSON,
                "level": st.sampled_from(["debug", "emergency"]) | TEXTS,
                "protocolVersion": st.sampled_from(["2025-11-25", "2024-11-05", "1.0"]),
                "capabilities": ANY_JSON,
                "clientInfo": st.just({"name": "fuzz", "version": "1"}) | ANY_JSON,
                "_meta": ANY_JSON,
                "notifications": st.fixed_dictionaries(
                    {}, optional={"resourceSubscriptions": st.lists(uri, max_size=3)}
                ),
            },
        )
        | ANY_JSON
    )
    return _message(method, params)


def _message(method: str, params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


@st.composite
def broken_messages(draw: st.DrawFn) -> Json:
    """Draw a message with replaced or missing parts, a batch of them, or any JSON."""
    message = dict(draw(tool_calls() | other_messages()))
    for name in draw(st.lists(st.sampled_from([*message, "result", "error"]), min_size=1, max_size=2)):
        if draw(st.booleans()):
            message.pop(name, None)
        else:
            message[name] = draw(ANY_JSON)
    return draw(st.sampled_from([message, [message], [message, message], [], ""]) | ANY_JSON)


MESSAGES: Final = st.one_of(tool_calls(), tool_calls(), tool_calls(), other_messages(), broken_messages())
