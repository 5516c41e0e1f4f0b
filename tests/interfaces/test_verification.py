"""Tests of what each kind of client may change and see, in its own words."""

import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from slotmcp.domain.access import Scope
from slotmcp.tools.gate import Toolset
from support.denver import PLAN
from support.http_server import HttpServer, body_in, call_of, open_database, serving
from support.redis_server import RedisServer
from support.server import Body, Caller, body_of
from support.sqlite_file import fingerprint

TUESDAY_9 = "2026-11-24T16:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142", "address": "1 Main St", "notes": "gate 1234"}
PROOF, WRONG = {"phone": "303-555-0142"}, {"phone": "303-555-0199"}
CALL = "7f3a90c1-44de-4b1c-9a55-0d2e8b7c6f10"
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
CHANGES = {
    "cancel_booking": {},
    "reschedule_booking": {"start": TUESDAY_9},
    "update_booking": {"notes": "gate 4321"},
}


async def book(caller: Caller, **more: object) -> str:
    answer = await caller.call("book_slot", start="2026-11-23T16:00:00Z", **{**KIM, **more})
    return str(answer["booking"]["bookingId"])


@pytest.mark.parametrize("tool", CHANGES)
@pytest.mark.parametrize(
    ("locale", "asked"),
    [
        ("en-US", "Which phone number or email was it booked under?"),
        ("en-GB", "Which phone number or email was it booked under?"),
        ("es", "¿Con qué teléfono o correo se reservó la cita?"),
        ("fr", "Sous quel numéro ou quelle adresse e-mail le rendez-vous a-t-il été pris ?"),
        ("de", "Unter welcher Telefonnummer oder E-Mail-Adresse wurde der Termin gebucht?"),
    ],
)
async def test_a_caller_without_a_proof_is_asked_for_it(caller: Caller, tool: str, locale: str, asked: str) -> None:
    booked = await book(caller)
    before = fingerprint(caller.path)
    async with Client(caller.server) as client:
        result = await client.call_tool(tool, {"bookingId": booked, "locale": locale, **CHANGES[tool]})
    body = body_of(result)
    assert asked in body["result"]
    assert (body["error"]["code"], body["error"]["retryable"]) == ("verification_needed", False)
    assert body["error"].keys() == {"code", "retryable", "message"}
    assert fingerprint(caller.path) == before


@pytest.mark.parametrize("tool", CHANGES)
@pytest.mark.parametrize("proof", [{}, WRONG, PROOF])
async def test_an_unknown_id_and_a_wrong_proof_get_the_same_answer(
    caller: Caller, tool: str, proof: dict[str, str]
) -> None:
    booked = await book(caller, customerPhone="+1 720 555 0100")
    texts = set()
    for id_ in (booked, UNKNOWN, "b-1"):
        async with Client(caller.server) as client:
            result = await client.call_tool(tool, {"bookingId": id_, **CHANGES[tool], **proof})
        texts.add(re.sub(r'"traceId":"\w+"', "", result.content[0].text))  # type: ignore[union-attr]
    assert len(texts) == 1


@pytest.mark.parametrize("tool", CHANGES)
async def test_too_many_guesses_say_when_to_try_again(caller: Caller, tool: str) -> None:
    booked = await book(caller)
    for _ in range(5):
        error = await caller.expect_error(tool, bookingId=booked, **CHANGES[tool], **WRONG)
        assert error["code"] == "verification_needed"
    error = await caller.expect_error(tool, bookingId=booked, **CHANGES[tool], **PROOF)
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert 0 < error["retryAfterMs"] <= 3_600_000
    assert error["result"].startswith("I'm sorry, too many phone numbers or emails didn't match.")


@pytest.mark.parametrize("tool", CHANGES)
async def test_a_visit_that_has_begun_is_closed(caller: Caller, tool: str) -> None:
    booked = await book(caller)
    caller.set_time("2026-11-24T12:00Z")
    changes = {**CHANGES[tool], **({"start": "2026-11-25T16:00:00Z"} if tool == "reschedule_booking" else {})}
    error = await caller.expect_error(tool, bookingId=booked, **changes, **PROOF)
    assert (error["code"], error["retryable"]) == ("booking_closed", False)
    assert error["result"].startswith("I'm sorry, that appointment has already started or is over")


async def test_operators_need_no_proof_and_see_all(operator: Caller) -> None:
    booked = await book(operator)
    (found,) = (await operator.call("find_bookings", bookingId=booked))["bookings"]
    assert (found["customerName"], found["address"], found["notes"]) == ("Kim Doe", "1 Main St", "gate 1234")
    for tool in ("update_booking", "reschedule_booking", "cancel_booking"):
        await operator.call(tool, bookingId=booked, **CHANGES[tool])


async def test_a_guessable_customer_hash_finds_nothing_and_says_why(caller: Caller) -> None:
    token = (await caller.call("create_hold", start=TUESDAY_9, customerHash="caller"))["holdToken"]
    await caller.call("book_slot", holdToken=token, **KIM)
    answer = await caller.call("find_bookings", customerHash="caller")
    assert answer["bookings"] == []
    assert "too easy to guess" in answer["note"]


async def test_a_correction_is_confirmed_and_repeated_in_words(caller: Caller) -> None:
    booked = await book(caller)
    first = await caller.call("update_booking", bookingId=booked, customerName="Kim Roe", **PROOF)
    assert first["result"] == "I've updated your appointment: AC repair, tomorrow at 9 in the morning."
    assert first["booking"].keys() >= {"bookingId", "technicianName"}
    again = await caller.call("update_booking", bookingId=booked, customerName="Kim Roe", **PROOF)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["result"].startswith("That's already what I have for your appointment")
    error = await caller.expect_error("update_booking", bookingId=booked, **PROOF)
    assert error["code"] == "invalid_argument"
    error = await caller.expect_error("update_booking", bookingId=booked, newPhone="+1 720 555 0100")
    assert error["code"] == "verification_needed"


class Line:
    """Client over HTTP with a key, and the headers of a phone call."""

    def __init__(self, server: HttpServer, key: str, headers: Mapping[str, str]) -> None:
        self._server = server
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream", **headers}

    async def call(self, tool: str, **arguments: object) -> Body:
        async with httpx2.AsyncClient(timeout=60, headers=self._headers) as client:
            return body_in(await client.post(f"{self._server.url}/mcp", json=call_of(tool, **arguments)))

    async def code(self, tool: str, **arguments: object) -> str:
        """ "ok", or the code of the error."""
        return str((await self.call(tool, **arguments)).get("error", {}).get("code", "ok"))


@pytest.fixture
async def keys_and_path(tmp_path: Path) -> AsyncIterator[tuple[dict[str, str], Path]]:
    path = tmp_path / "slotmcp.db"
    async with open_database(path, PLAN) as schedules:
        access = schedules.app.access
        scopes = {"caller": Scope.CALLER, "another": Scope.CALLER, "operator": Scope.OPERATOR}
        yield {name: (await access.create(scope, project="*")).token for name, scope in scopes.items()}, path


async def booked_over(line: Line, **more: object) -> str:
    free = (await line.call("get_slots", limit=5))["slots"]
    answer = await line.call("book_slot", start=free[-1]["start"], **{**KIM, **more})
    return str(answer["booking"]["bookingId"])


async def test_the_call_that_booked_is_recognized_by_each_header(keys_and_path: tuple[dict[str, str], Path]) -> None:
    keys, path = keys_and_path
    with serving(path) as server:
        for number, header in enumerate(("X-Call-Id", "X-Chat-Id", "X-Session-Id", "X-Conversation-Id")):
            await check_header(server, keys, header, phone=f"+1 303 555 014{number}")


async def check_header(server: HttpServer, keys: Mapping[str, str], header: str, *, phone: str) -> None:
    line = Line(server, keys["caller"], {header: CALL})
    booked = await booked_over(line, customerPhone=phone)
    (found,) = (await line.call("find_bookings", phone=phone))["bookings"]
    assert found["customerName"] == "Kim Doe", header
    other = Line(server, keys["caller"], {header: CALL[::-1]})
    (found,) = (await other.call("find_bookings", phone=phone))["bookings"]
    assert "customerName" not in found, header
    assert await other.code("cancel_booking", bookingId=booked) == "verification_needed", header
    assert await Line(server, keys["operator"], {}).code("update_booking", bookingId=booked, notes="x") == "ok"
    assert await line.code("cancel_booking", bookingId=booked) == "ok", header


async def test_servers_with_redis_count_failures_together(
    keys_and_path: tuple[dict[str, str], Path], redis: RedisServer
) -> None:
    keys, path = keys_and_path
    with serving(path, redis_url=redis.url) as one, serving(path, redis_url=redis.url) as other:
        lines = [Line(server, keys["caller"], {}) for server in (one, other)]
        booked = await booked_over(lines[0])
        codes = [await lines[number % 2].code("cancel_booking", bookingId=booked, **WRONG) for number in range(5)]
        assert codes == ["verification_needed"] * 5
        assert [await line.code("cancel_booking", bookingId=booked, **PROOF) for line in lines] == ["rate_limited"] * 2
        assert not any("303" in name or booked in name for name in redis.names("slotmcp:attempts:*"))


@pytest.mark.parametrize(("toolset", "code"), [(Toolset.CALLER, "verification_needed"), (Toolset.OPERATOR, "ok")])
async def test_the_local_user_is_an_operator_only_with_that_toolset(
    keys_and_path: tuple[dict[str, str], Path], toolset: Toolset, code: str
) -> None:
    _, path = keys_and_path
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{path}"}
    arguments = ["-m", "slotmcp", "stdio", "--toolset", toolset]

    async def call(client: Client, tool: str, **facts: Any) -> Body:  # noqa: ANN401  arguments of any tool
        return body_of(await client.call_tool(tool, facts))

    async with Client(StdioServerParameters(command=sys.executable, args=arguments, env=environment)) as client:
        start = (await call(client, "get_slots", limit=1))["slots"][0]["start"]
        booked = (await call(client, "book_slot", start=start, **KIM))["booking"]["bookingId"]
        answer = await call(client, "cancel_booking", bookingId=booked)
    assert answer.get("error", {}).get("code", "ok") == code
