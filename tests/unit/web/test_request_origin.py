"""Origin of HTTP requests: the ids of the phone call, and the SSE connection."""

from urllib.parse import urlencode
from uuid import UUID

import pytest
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from slotmcp.domain.access import LOCAL
from slotmcp.services.callers import current_origin
from slotmcp.services.current_principal import acting_as
from slotmcp.tools.http import sse_session
from slotmcp.web.authentication import within_call

SESSION = "0123456789abcdef0123456789abcdef"


async def show_origin(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the call ids of the request."""
    with acting_as(within_call(LOCAL, scope)):
        await JSONResponse({"calls": current_origin().call_ids})(scope, receive, send)


@pytest.mark.parametrize(
    ("headers", "calls"),
    [
        ({}, []),
        ({"X-Call-Id": "a"}, [["x-call-id", "a"]]),
        ({"X-Chat-Id": "a"}, [["x-chat-id", "a"]]),
        ({"X-Conversation-Id": "c", "X-Session-Id": "s"}, [["x-session-id", "s"], ["x-conversation-id", "c"]]),
        ({"X-Call-Id": " \t"}, []),
        ({"X-Call-Id": "a" * 200}, [["x-call-id", "a" * 128]]),
        ({"Mcp-Session-Id": "a", "X-Request-Id": "b"}, []),
    ],
)
def test_each_header_of_a_phone_call_is_an_id_of_its_own(headers: dict[str, str], calls: list[list[str]]) -> None:
    client = TestClient(show_origin)
    assert client.post("/mcp", headers=headers).json() == {"calls": calls}


@pytest.mark.parametrize(
    ("path", "connection"),
    [("/messages/", SESSION), ("/prefix/messages/", SESSION), ("/mcp", ""), ("/sse", ""), ("/messages/other", "")],
)
def test_only_the_messages_of_an_sse_session_have_a_connection(path: str, connection: str) -> None:
    assert sse_session({"path": path, "query_string": f"session_id={SESSION}".encode()}) == connection


@pytest.mark.parametrize("spelled", [SESSION.upper(), str(UUID(SESSION)), f"urn:uuid:{SESSION}", f"{{{SESSION}}}"])
def test_every_spelling_of_an_id_names_the_same_sse_session(spelled: str) -> None:
    query = urlencode({"session_id": spelled}).encode()
    assert sse_session({"path": "/messages/", "query_string": query}) == SESSION


@pytest.mark.parametrize("query", [b"", b"session_id=", b"session_id=1", b"session_id=%00", b"session_id=%C3%A9"])
def test_a_message_without_a_valid_id_has_no_sse_session(query: bytes) -> None:
    assert sse_session({"path": "/messages/", "query_string": query}) == ""
