"""Tests that plain tool calls over HTTP, which bypass the MCP SDK, get the responses that the SDK would send."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given
from hypothesis import strategies as st

from fuzzing.business import BUSINESS
from fuzzing.memory import Memory
from fuzzing.messages import SCHEMAS, arguments
from slotmcp.domain.access import CallId, Principal
from slotmcp.domain.access import Scope as AccessScope
from support.denver import PLAN
from support.every_tool import use_every_tool
from support.fast_path import OPERATOR, is_left_to_the_sdk, slots_request
from support.mcp_over_asgi import HttpResponse, McpOverAsgi, open_mcp
from support.plain_requests import ENVELOPE, VERSIONS, CallRequest, changes_of, plain_request

PER_MINUTE: Final = 40
CALLER: Final = Principal(
    credential="k-caller", scopes=AccessScope.CALLER.included, projects=frozenset({BUSINESS.project.id})
)
Pair: TypeAlias = tuple[McpOverAsgi, McpOverAsgi]
PRINCIPALS: Final = (
    *(OPERATOR, OPERATOR, CALLER, CALLER),
    replace(CALLER, call_ids=(CallId("x-call-id", "c7a1f93e05b24d68"),)),
    replace(CALLER, credential="k-elsewhere", projects=frozenset({"elsewhere"})),
    replace(CALLER, credential="k-nowhere", projects=frozenset()),
    replace(CALLER, credential="k-without-scopes", scopes=frozenset()),
)


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture(scope="module")
def fast(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpOverAsgi]:
    """Server with fast calls."""
    path = tmp_path_factory.mktemp("fast") / "slotmcp.db"
    with portal.wrap_async_context_manager(open_mcp(path, BUSINESS, fast_calls=True, per_minute=PER_MINUTE)) as server:
        yield server


@pytest.fixture
def pair(portal: BlockingPortal, tmp_path: Path) -> Iterator[Pair]:
    """Two equal servers, which number their ids alike: with fast calls, and with the SDK alone."""
    fast = open_mcp(tmp_path / "fast.db", BUSINESS, fast_calls=True, per_minute=PER_MINUTE)
    slow = open_mcp(tmp_path / "slow.db", BUSINESS, fast_calls=False, per_minute=PER_MINUTE)
    with portal.wrap_async_context_manager(fast) as first, portal.wrap_async_context_manager(slow) as second:
        yield first, second


@st.composite
def requests(draw: st.DrawFn, memory: Memory) -> CallRequest:
    """Draw a call of a tool in a protocol version, plain or with a few changes."""
    tool = draw(st.sampled_from(sorted(SCHEMAS)))
    named_version = draw(st.sampled_from(VERSIONS))
    request_id = draw(st.integers(-(2**60), 2**60) | st.text(max_size=20))
    request = plain_request(tool, memory.fill(draw(arguments(tool))), named_version, request_id)
    kept, left = changes_of(named_version)
    request = kept[draw(st.sampled_from(sorted(kept)))](request)
    name = draw(st.none() | st.none() | st.sampled_from(sorted(left)))
    return left[name](request) if name else request


# the servers run in another thread, whose use of `random` Hypothesis takes for that of the strategies
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_each_response_equals_that_of_the_sdk(portal: BlockingPortal, pair: Pair) -> None:
    memory = Memory()

    @given(st.data())
    def check(data: st.DataObject) -> None:
        request = data.draw(requests(memory))
        principal = data.draw(st.sampled_from(PRINCIPALS))
        seconds = data.draw(st.sampled_from([0, 0, 1, 5, 120]))
        responses = [portal.call(send_later, server, request, principal, seconds) for server in pair]
        assert responses[0] == responses[1]
        if responses[0].status == HTTPStatus.OK:
            memory.learn(orjson.loads(responses[0].body))

    check()


async def send_later(server: McpOverAsgi, request: CallRequest, principal: Principal, seconds: int) -> HttpResponse:
    server.clock.advance(seconds=seconds)
    return await server.send(request, principal)


@pytest.mark.parametrize("named_version", [None, "2025-11-25", ENVELOPE])
async def test_each_tool_responds_like_the_sdk(tmp_path: Path, named_version: str | None) -> None:
    responses: list[list[HttpResponse]] = []
    for fast_calls in (True, False):
        path = tmp_path / f"{fast_calls}.db"
        async with open_mcp(path, PLAN, fast_calls=fast_calls, per_minute=6000) as server:
            responses.append(await responses_of_every_tool(server, named_version))
    assert responses[0] == responses[1]


async def responses_of_every_tool(server: McpOverAsgi, named_version: str | None) -> list[HttpResponse]:
    responses: list[HttpResponse] = []

    async def call(tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
        response = await server.send(plain_request(tool, arguments, named_version, tool), OPERATOR)
        responses.append(response)
        return orjson.loads(response.body)["result"]["structuredContent"]

    await use_every_tool(call)
    return responses


CASES: Final = [(each, *changes_of(each)) for each in VERSIONS]


@pytest.mark.parametrize(("named_version", "name"), [(each, name) for each, kept, _ in CASES for name in kept])
def test_a_plain_call_does_not_reach_the_sdk(
    portal: BlockingPortal, fast: McpOverAsgi, named_version: str | None, name: str
) -> None:
    request = changes_of(named_version)[0][name](slots_request(named_version))
    assert not portal.call(is_left_to_the_sdk, fast, request)


@pytest.mark.parametrize(("named_version", "name"), [(each, name) for each, _, left in CASES for name in left])
def test_another_request_reaches_the_sdk(
    portal: BlockingPortal, fast: McpOverAsgi, named_version: str | None, name: str
) -> None:
    request = changes_of(named_version)[1][name](slots_request(named_version))
    assert portal.call(is_left_to_the_sdk, fast, request)


@pytest.mark.parametrize("named_version", [None, ENVELOPE])
def test_the_last_of_repeated_members_counts(
    portal: BlockingPortal, fast: McpOverAsgi, named_version: str | None
) -> None:
    request = changes_of(named_version)[0]["repeated members"](slots_request(named_version))
    response = portal.call(fast.send, request, OPERATOR)
    assert orjson.loads(response.body)["id"] == request.message["id"]


@pytest.mark.parametrize("named_version", VERSIONS)
def test_calls_of_another_path_reach_the_sdk(
    portal: BlockingPortal, fast: McpOverAsgi, named_version: str | None
) -> None:
    request = replace(slots_request(named_version), path="/other/mcp")
    assert portal.call(is_left_to_the_sdk, fast, request)
