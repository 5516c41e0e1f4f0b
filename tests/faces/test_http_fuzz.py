"""Whatever is sent to whatever route, there is an answer, and it is no failure of ours."""

import json
from collections.abc import Iterator

import anyio
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.denver import PLAN
from support.http_server import serving, write_books

PATHS = st.sampled_from(["/mcp", "/sse", "/messages/", "/healthz", "/readyz", "/metrics", "/", "/nowhere", "/mcp/"])
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": st.integers() | JSON,
        "method": st.sampled_from(["tools/call", "tools/list", "initialize", "resources/read", "ping"]) | st.text(),
        "params": st.fixed_dictionaries({}, optional={"name": st.sampled_from(["get_slots"]) | JSON, "arguments": JSON})
        | JSON,
    },
)
BODIES = (
    st.binary(max_size=200)
    | MESSAGES.map(lambda one: json.dumps(one).encode())
    | JSON.map(lambda one: json.dumps(one).encode())
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Accept", "Content-Type", "MCP-Protocol-Version", "Mcp-Session-Id", "X-Call-Id", "Authorization", "Mcp-Method"]
    ),
    st.sampled_from(["application/json", "application/json, text/event-stream", "2026-07-28", "2025-06-18", "*/*"])
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20).map(str.strip),
    max_size=5,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    path = tmp_path_factory.mktemp("fuzz") / "slotmcp.db"
    anyio.run(write_books, path, PLAN)
    with serving(path, rate_limit_per_call="0") as server, httpx2.Client(base_url=server.url, timeout=60) as opened:
        yield opened
        code, log = server.stop()
        assert code == 0
        assert "Traceback" not in log


@pytest.mark.timeout(300)
@settings(max_examples=100)
@given(method=METHODS, path=PATHS, headers=HEADERS, body=BODIES)
def test_no_request_makes_the_server_fail(
    client: httpx2.Client, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    with client.stream(method, path, headers=headers, content=body) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            text = answer.read().decode()
            assert "Traceback" not in text
            assert 'File "' not in text
        assert answer.status_code < 500
