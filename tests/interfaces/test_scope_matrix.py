"""Tests of every tool with every scope, in the own and in another project: data of other projects is unreachable.

The matrix is generated from the tools: a new tool fails until its arguments are listed here.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any, Final

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, PromptReference, ResourceTemplateReference

from interfaces.capabilities import CAPABILITIES
from slotmcp.domain.access import LOCAL, Principal, Scope
from slotmcp.services.current_principal import acting_as
from slotmcp.tools.gate import CallGate, Toolset
from slotmcp.tools.server import create_server, select_tools
from slotmcp.tools.subscriptions import FilteredBus, WaitlistEntryChanged, create_bus
from support.denver import PLAN, PROJECT, only_start
from support.http_server import Database, HttpServer, body_in, call_of, headers_of, open_database, serving

OWN, OTHER, NOWHERE = PROJECT.id, "boulder-hvac", "nowhere"
OTHER_PLAN = replace(PLAN, project=replace(PROJECT, id=OTHER, name="Boulder Heating", locale="de-DE"))
TOOLS: Final = {tool.name: tool for tool in select_tools(Toolset.OPERATOR)}
CALLER_TOOLS: Final = [name for name, tool in TOOLS.items() if tool.scope is Scope.CALLER]
NO_WAY_IN: Final = ("none", "wrong", "expired", "revoked")
KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
FAR: Final = "2099-01-05T09:00"


@dataclass(frozen=True)
class Things:
    """Objects of one project."""

    start: str
    booking: str
    hold: str
    wait: str
    spare: tuple[str, str]
    """Two more free starts."""


_CLIENTS = cycle(range(250))


@dataclass(frozen=True)
class Matrix:
    """Server that requires keys, its keys, and the objects of its two projects."""

    server: HttpServer
    keys: Mapping[str, str]
    things: Mapping[str, Things]

    async def call(self, key: str, tool: str, **arguments: object) -> httpx2.Response:
        """Call a tool as a client of its own behind a trusted proxy, because failures are limited per client."""
        address = f"10.0.{next(_CLIENTS)}.1"
        return await self.server.post(call_of(tool, **arguments), self.keys[key], x_forwarded_for=address)

    async def outcome(self, key: str, tool: str, **arguments: object) -> str:
        """ "ok", or the code of the error."""
        answer = await self.call(key, tool, **arguments)
        assert answer.status_code == 200
        return str(body_in(answer).get("error", {}).get("code", "ok"))


def arguments_of(tool: str, things: Things) -> dict[str, Any]:
    """Return arguments with which a tool must read existing objects."""
    start, day = things.start, things.start[:10]
    return {
        "list_services": {},
        "get_slots": {},
        "explain_slot": {"start": start},
        "create_hold": {"start": start, "customerHash": "somebody"},
        "release_hold": {"holdToken": things.hold},
        "book_slot": {"start": start, **KIM},
        "find_bookings": {"bookingId": things.booking},
        "reschedule_booking": {"bookingId": things.booking, "start": start, "phone": KIM["customerPhone"]},
        "update_booking": {"bookingId": things.booking, "phone": KIM["customerPhone"], "notes": "gate 1234"},
        "cancel_booking": {"bookingId": things.booking, "phone": KIM["customerPhone"]},
        "join_waitlist": {"from": f"{day}T00:00:00Z", "to": f"{day}T00:30:00Z", **KIM},
        "list_technicians": {},
        "set_technician_status": {"technicianId": "t-ana", "status": "active"},
        "add_time_off": {"technicianId": "t-ana", "start": "2099-12-25", "end": "2099-12-25"},
        "list_waitlist": {},
        "get_metrics": {},
    }[tool]


async def fill(schedules: Database, project: str) -> Things:
    """Book, hold and join the waitlist in a project."""
    async with Client(create_server(schedules.app)) as client:

        async def call(tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
            result = await client.call_tool(tool, {"projectId": project, **arguments})
            assert not result.is_error, result
            return result.structured_content

        free = await call("get_slots", limit=20)
        starts = [slot["start"] for slot in free["slots"]]
        booked = await call("book_slot", start=starts[0], **KIM)
        held = await call("create_hold", start=starts[1], customerHash="kim")
        taken = (await call("get_slots", serviceType="furnace-check"))["slots"][-1]["start"]
        await call("book_slot", serviceType="furnace-check", start=taken, **KIM)
        wait = await call("join_waitlist", **only_start(taken), **KIM)
        return Things(
            starts[-1], booked["booking"]["bookingId"], held["holdToken"], wait["waitId"], (starts[4], starts[8])
        )


async def make_keys(schedules: Database) -> dict[str, str]:
    access = schedules.app.access
    made = {
        "caller": await access.create(Scope.CALLER, project=OWN),
        "operator": await access.create(Scope.OPERATOR, project=OWN),
        "every": await access.create(Scope.OPERATOR, project="*"),
        "expired": await access.create(Scope.OPERATOR, project="*", lifetime_ms=0),
        "revoked": await access.create(Scope.OPERATOR, project="*"),
    }
    await access.revoke(made["revoked"].key.id)
    keys = {name: one.token for name, one in made.items()}
    return {**keys, "none": "", "wrong": keys["every"][:-1] + ("a" if keys["every"][-1] != "a" else "b")}


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    path = tmp_path_factory.mktemp("matrix") / "slotmcp.db"

    async def prepare() -> tuple[dict[str, str], dict[str, Things]]:
        async with open_database(path, PLAN, OTHER_PLAN) as schedules:
            return await make_keys(schedules), {project: await fill(schedules, project) for project in (OWN, OTHER)}

    keys, things = anyio.run(prepare)
    with serving(path) as server:
        yield Matrix(server, keys, things)


@pytest.mark.parametrize("key", NO_WAY_IN)
@pytest.mark.parametrize("tool", TOOLS)
async def test_every_tool_requires_a_valid_key(matrix: Matrix, tool: str, key: str) -> None:
    for project in (OWN, OTHER, NOWHERE):
        answer = await matrix.call(key, tool, projectId=project, **arguments_of(tool, matrix.things[OWN]))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer realm="slotmcp"')
        assert ("invalid_token" in answer.headers["www-authenticate"]) is (key != "none")
        assert "result" not in answer.json()


@pytest.mark.parametrize("key", ["caller", "operator", "every"])
@pytest.mark.parametrize("tool", TOOLS)
async def test_a_tool_accepts_credentials_of_its_scope_in_their_project(matrix: Matrix, tool: str, key: str) -> None:
    outcome = await matrix.outcome(key, tool, projectId=OWN, **arguments_of(tool, matrix.things[OWN]))
    if key == "caller" and TOOLS[tool].scope is Scope.OPERATOR:
        assert outcome == "forbidden"
    else:
        assert outcome not in {"forbidden", "not_found", "internal"}


@pytest.mark.parametrize("key", ["caller", "operator"])
@pytest.mark.parametrize("tool", TOOLS)
async def test_an_unreachable_project_is_reported_as_unknown(matrix: Matrix, tool: str, key: str) -> None:
    reported = []
    for project in (OTHER, NOWHERE):
        answer = await matrix.call(key, tool, projectId=project, **arguments_of(tool, matrix.things[OTHER]))
        reported.append(_without(project, answer))
    assert reported[0] == reported[1]
    is_theirs = key == "operator" or TOOLS[tool].scope is Scope.CALLER
    assert (r'"code":"not_found"' if is_theirs else r'"code":"forbidden"') in reported[0].replace(" ", "")
    assert "Boulder" not in reported[0]
    assert (OWN in reported[0]) is is_theirs, "what is theirs is listed"


@pytest.mark.parametrize("key", ["caller", "operator"])
@pytest.mark.parametrize("tool", CALLER_TOOLS)
async def test_the_only_reachable_project_is_the_default(matrix: Matrix, tool: str, key: str) -> None:
    outcome = await matrix.outcome(key, tool, **arguments_of(tool, matrix.things[OWN]))
    assert outcome not in {"forbidden", "not_found", "internal"}


async def test_a_credential_with_several_projects_must_name_one(matrix: Matrix) -> None:
    assert await matrix.outcome("every", "get_slots") == "invalid_argument"
    assert await matrix.outcome("every", "get_slots", projectId=OTHER) == "ok"


@pytest.mark.parametrize(
    ("tool", "field", "unknown"),
    [
        ("find_bookings", "bookingId", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("reschedule_booking", "bookingId", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("cancel_booking", "bookingId", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("update_booking", "bookingId", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("release_hold", "holdToken", "x" * 32),
        ("book_slot", "holdToken", "x" * 32),
        ("reschedule_booking", "holdToken", "x" * 32),
    ],
)
async def test_ids_of_an_unreachable_project_are_reported_as_unknown(
    matrix: Matrix, tool: str, field: str, unknown: str
) -> None:
    theirs = matrix.things[OTHER]
    beside: dict[str, Any] = KIM if tool == "book_slot" else {}
    if tool == "reschedule_booking":
        beside = {"start": theirs.start} if field == "bookingId" else {"bookingId": matrix.things[OWN].booking}
    known = theirs.booking if field == "bookingId" else theirs.hold
    reported = []
    for one in (known, unknown):
        answer = await matrix.call("operator", tool, **{**beside, field: one})
        reported.append(_without(one, answer))
    assert reported[0] == reported[1]


def _without(requested_id: str, answer: httpx2.Response) -> str:
    """Return a response without the requested id, generated ids and the current second."""
    return re.sub(rf"{re.escape(requested_id)}|01[0-9A-Z]{{24}}|now\W+[-:\dT]+Z", "?", answer.text)


async def test_a_phone_number_is_not_found_in_another_project(matrix: Matrix) -> None:
    answer = await matrix.call("caller", "find_bookings", phone=KIM["customerPhone"])
    assert matrix.things[OTHER].booking not in answer.text


@asynccontextmanager
async def client_with(matrix: Matrix, key: str) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {matrix.keys[key]}"}, timeout=60) as http,
        Client(streamable_http_client(f"{matrix.server.url}/mcp", http_client=http)) as client,
    ):
        yield client


@pytest.mark.parametrize(("key", "listed"), [("caller", CALLER_TOOLS), ("operator", list(TOOLS))])
async def test_forbidden_tools_are_not_listed(matrix: Matrix, key: str, listed: list[str]) -> None:
    async with client_with(matrix, key) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == listed


async def test_a_waitlist_entry_is_readable_only_in_a_reachable_project(matrix: Matrix) -> None:
    async with client_with(matrix, "caller") as client:
        await client.read_resource(f"slotmcp://waitlist/{matrix.things[OWN].wait}")
        reported = []
        for wait in (matrix.things[OTHER].wait, "x" * 32):
            with pytest.raises(MCPError) as refused:
                await client.read_resource(f"slotmcp://waitlist/{wait}")
            reported.append((refused.value.code, refused.value.message))
    assert reported[0] == reported[1]


async def test_a_trace_is_readable_only_by_operators_of_its_project(matrix: Matrix) -> None:
    traces = {
        project: body_in(await matrix.call("every", "get_slots", projectId=project))["traceId"]
        for project in (OWN, OTHER)
    }
    for project, trace in traces.items():
        await _until_reported(matrix, trace)
        async with client_with(matrix, "caller") as client:
            refusals = [await refusal(client, f"slotmcp://{name}/{trace}") for name in ("trace", "unknown")]
            assert refusals[0] == (INVALID_PARAMS, f"Unknown resource: slotmcp://trace/{trace}")
            assert refusals[1] == (INVALID_PARAMS, f"Unknown resource: slotmcp://unknown/{trace}")
        if project == OWN:
            async with client_with(matrix, "operator") as client:
                await client.read_resource(f"slotmcp://trace/{trace}")
    async with client_with(matrix, "operator") as client:
        reported = []
        for trace in (traces[OTHER], "x" * 26):
            with pytest.raises(MCPError) as refused:
                await client.read_resource(f"slotmcp://trace/{trace}")
            reported.append((refused.value.code, refused.value.message))
    assert reported[0] == reported[1]


async def refusal(client: Client, uri: str) -> tuple[int, str]:
    with pytest.raises(MCPError) as refused:
        await client.read_resource(uri)
    return refused.value.code, refused.value.message


CALLERS_RESOURCES: Final = ["wait", "services", "service", "hours"]


@pytest.mark.parametrize(
    ("key", "listed"), [("caller", CALLERS_RESOURCES), ("operator", [*CALLERS_RESOURCES, "technician", "trace"])]
)
async def test_forbidden_resources_are_not_listed(matrix: Matrix, key: str, listed: list[str]) -> None:
    async with client_with(matrix, key) as client:
        templates = (await client.list_resource_templates()).resource_templates
        assert [template.name for template in templates] == listed
        assert (await client.list_resources()).resources == []


@pytest.mark.parametrize("path", ["services/{}", "services/{}/ac-repair", "hours/{}", "technicians/{}/t-ana"])
async def test_the_catalog_is_readable_only_in_a_reachable_project(matrix: Matrix, path: str) -> None:
    async with client_with(matrix, "operator") as client:
        await client.read_resource(f"slotmcp://{path.format(OWN)}")
        messages = [(await refusal(client, f"slotmcp://{path.format(one)}"))[1] for one in (OTHER, NOWHERE)]
    assert messages[0].replace(OTHER, NOWHERE) == messages[1]


async def test_a_technician_is_readable_only_by_operators(matrix: Matrix) -> None:
    async with client_with(matrix, "caller") as client:
        answer = await refusal(client, f"slotmcp://technicians/{OWN}/t-ana")
    assert answer == (INVALID_PARAMS, f"Unknown resource: slotmcp://technicians/{OWN}/t-ana")


async def test_the_prompt_is_that_of_the_own_project_only(matrix: Matrix) -> None:
    async with client_with(matrix, "caller") as client:
        own = str((await client.get_prompt("phone_receptionist")).messages)
        messages = []
        for project in (OTHER, NOWHERE):
            with pytest.raises(MCPError) as refused:
                await client.get_prompt("phone_receptionist", {"projectId": project})
            messages.append(refused.value.message)
    assert PROJECT.name in own
    assert messages[0].replace(OTHER, NOWHERE) == messages[1]
    async with client_with(matrix, "every") as client:
        other = str((await client.get_prompt("phone_receptionist", {"projectId": OTHER})).messages)
    assert "Boulder Heating" in other


@pytest.mark.parametrize(("key", "reachable"), [("caller", [OWN]), ("operator", [OWN]), ("every", [OTHER, OWN])])
async def test_completions_have_only_reachable_projects(matrix: Matrix, key: str, reachable: list[str]) -> None:
    services = ResourceTemplateReference(uri="slotmcp://services/{projectId}/{serviceType}")
    async with client_with(matrix, key) as client:
        for reference in (services, PromptReference(name="phone_receptionist")):
            found = await client.complete(reference, {"name": "projectId", "value": ""})
            assert found.completion.values == reachable
        argument = {"name": "serviceType", "value": ""}
        for project in (OWN, OTHER):
            found = await client.complete(services, argument, context_arguments={"projectId": project})
            assert bool(found.completion.values) is (project in reachable)


async def test_secret_ids_are_never_completed(matrix: Matrix) -> None:
    async with client_with(matrix, "operator") as client:
        for template, name in (("slotmcp://waitlist/{waitId}", "waitId"), ("slotmcp://trace/{traceId}", "traceId")):
            found = await client.complete(ResourceTemplateReference(uri=template), {"name": name, "value": ""})
            assert found.completion.values == []


async def test_only_operators_get_completions_of_technicians(matrix: Matrix) -> None:
    technicians = ResourceTemplateReference(uri="slotmcp://technicians/{projectId}/{technicianId}")
    argument = {"name": "technicianId", "value": "t-a"}
    async with client_with(matrix, "operator") as client:
        assert (await client.complete(technicians, argument)).completion.values == ["t-ana"]
    async with client_with(matrix, "caller") as client:
        with pytest.raises(MCPError, match="no such argument"):
            await client.complete(technicians, argument)


@pytest.mark.parametrize("key", ["caller", "operator"])
async def test_over_http_the_server_announces_only_what_it_has(matrix: Matrix, key: str) -> None:
    async with client_with(matrix, key) as client:
        assert client.server_capabilities == CAPABILITIES


async def _until_reported(matrix: Matrix, trace: str) -> None:
    """Wait until the trace writer, which runs once a second, has written a trace."""
    async with client_with(matrix, "every") as client:
        with anyio.fail_after(20):
            while True:
                try:
                    await client.read_resource(f"slotmcp://trace/{trace}")
                except MCPError:
                    await anyio.sleep(0.05)
                else:
                    return


async def test_metrics_require_an_operator_of_every_project(matrix: Matrix) -> None:
    async with httpx2.AsyncClient(base_url=matrix.server.url) as client:
        codes = {
            name: (await client.get("/metrics", headers={"Authorization": f"Bearer {key}"} if key else {})).status_code
            for name, key in matrix.keys.items()
        }
    assert codes == {**dict.fromkeys(NO_WAY_IN, 401), "caller": 403, "operator": 403, "every": 200}


async def test_idempotency_keys_are_separate_per_credential(matrix: Matrix) -> None:
    request = {"projectId": OWN, "start": matrix.things[OWN].spare[0], "customerHash": "same", "idempotencyKey": "1"}
    tokens = [body_in(await matrix.call(key, "create_hold", **request)).get("holdToken") for key in ("caller", "every")]
    assert None not in tokens
    assert len(set(tokens)) == 2


async def test_idempotency_keys_are_separate_per_phone_call(matrix: Matrix) -> None:
    request = {"projectId": OWN, "start": matrix.things[OWN].spare[1], "idempotencyKey": "1"}
    bodies = [
        body_in(
            await matrix.server.post(
                call_of("create_hold", customerHash=who, **request), matrix.keys["operator"], X_Call_Id=call
            )
        )
        for call, who in (("call-1", "ada"), ("call-2", "bob"), ("call-1", "ada"))
    ]
    tokens = [body["holdToken"] for body in bodies]
    assert tokens[0] == tokens[2] != tokens[1]


def test_the_local_user_reaches_everything() -> None:
    assert Principal(credential="local", scopes=frozenset(Scope), projects=None) == LOCAL


@asynccontextmanager
async def sse_with(matrix: Matrix, key: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {matrix.keys[key]}"}
    async with Client(sse_client(f"{matrix.server.url}/sse", headers=headers), mode="legacy") as client:
        yield client


async def test_sse_requests_have_a_principal(matrix: Matrix) -> None:
    async with sse_with(matrix, "caller") as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == CALLER_TOOLS
        refused = await client.call_tool("list_technicians", {})
        other = await client.call_tool("get_slots", {"projectId": OTHER})
    codes = [(result.structured_content or {})["error"]["code"] for result in (refused, other)]
    assert codes == ["forbidden", "not_found"]


async def test_an_sse_stream_rejects_another_credential(matrix: Matrix) -> None:
    async with (
        httpx2.AsyncClient(base_url=matrix.server.url, timeout=60) as client,
        client.stream("GET", "/sse", headers=headers_of(matrix.keys["caller"])) as stream,
    ):
        lines = stream.aiter_lines()
        while not (line := await anext(lines)).startswith("data: "):
            pass
        path = line.removeprefix("data: ")
        posted = [
            (await client.post(path, json=call_of("list_services"), headers=headers_of(matrix.keys[key]))).status_code
            for key in ("every", "none", "caller")
        ]
    assert posted == [404, 401, 202]


async def test_subscribers_receive_events_only_of_reachable_projects() -> None:
    bus = FilteredBus(create_bus(), CallGate(default_principal=LOCAL))
    received: dict[str, list[object]] = {OWN: [], OTHER: []}
    for project, theirs in received.items():
        principal = Principal(credential=project, scopes=frozenset(Scope), projects=frozenset({project}))
        with acting_as(principal):
            bus.subscribe(theirs.append)
    event = WaitlistEntryChanged(uri="slotmcp://waitlist/x", project_id=OTHER)
    await bus.publish(event)
    assert received == {OWN: [], OTHER: [event]}
