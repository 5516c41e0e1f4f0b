"""Tests of bad input to every tool: a clear error with its code and field, and no change."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

import pytest

from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Body, Caller, fields, open_caller
from support.sqlite_file import clone, entries, fingerprint, rows


class _Marker(Enum):
    ABSENT = "absent"


ABSENT: Final = _Marker.ABSENT
"""Marker that removes a field from a valid call. Its text names tests, and is the same in each process."""
MEGABYTES: Final = "x" * 10_000_000
GOOD: Final[Mapping[str, Mapping[str, Any]]] = {
    "list_services": {},
    "get_slots": {"serviceType": "ac-repair"},
    "create_hold": {"serviceType": "ac-repair", "start": "2026-11-23T16:00:00Z", "customerHash": "caller"},
    "release_hold": {"holdToken": "never-was"},
    "book_slot": {
        "serviceType": "ac-repair",
        "start": "2026-11-23T16:00:00Z",
        "customerName": "Kim Doe",
        "customerPhone": "+1 303 555 0142",
    },
}
LEAKS: Final = re.compile(
    r"pydantic|traceback|validationerror|https?:|input_value|type=|File \"|sqlite|NoneType|<class|object at 0x|_ms\b",
    re.IGNORECASE,
)

Case = tuple[str, Mapping[str, object], str, str]
"""Tool, changed arguments, expected error code and expected field."""

NOT_TEXT: Final[tuple[object, ...]] = (1.5, -5, True, [], ["ac-repair"], {"id": "ac-repair"})
NOT_A_LENGTH: Final[tuple[object, ...]] = (
    -1,
    -60,
    1441,
    10**9,
    10**40,
    1.5,
    "an hour",
    "1e3",
    True,
    False,
    [60],
    {},
    "NaN",
    "Infinity",
)
NOT_A_TIME: Final[tuple[object, ...]] = (
    *("tomorrow", "9", "09:00", "2026-11-23", "2026-11-23T", "2026-11-23T9:00", "23.11.2026 09:00", "1795374000"),
    *("2026-13-01T09:00", "2026-02-30T09:00", "2026-11-31T09:00Z", "2026-11-23T24:00", "2026-11-23T25:00Z"),
    *("2026-11-23T09:60", "2026-11-23T09:00:30Z", "2026-11-23T09:00:00.5Z", "2026-06-30T23:59:60Z"),
    *("9999-12-31T23:59Z", "0001-01-01T00:00Z", "0000-01-01T00:00Z", "-2026-11-23T09:00Z", "12026-11-23T09:00Z"),
    *("2026-11-23T09:00+25:00", "2026-11-23T09:00+07:99", "2026-11-23T09:00 America/Denver", "2026-W48-1T09:00"),
    *(
        "2026-11-23T09:00Z; DROP TABLE claims",
        "NaN",
        MEGABYTES,
        1795374000,
        True,
    ),
    *([], {}, ["2026-11-23T09:00Z"]),
)
ACCEPTED_IN_A_RANGE: Final = (
    *("tomorrow", "2026-11-23", "2026-11-23T09:00:30Z", "2026-11-23T09:00:00.5Z", "2026-06-30T23:59:60Z"),
)
NOT_CLEAN: Final = ("a\x00b", "a\x07b", "a\x1b[31mb", "a\u2028b", "a\x7fb", "a\ud800")
GAP: Final = ("2027-03-14T02:30", "2027-03-14T01:30-07:00 or 2027-03-14T03:30-06:00")
TWICE: Final = ("2026-11-01T01:30", "2026-11-01T01:30-06:00 or 2026-11-01T01:30-07:00")


def _each(tool: str, field: str, values: tuple[object, ...], code: str = "invalid_argument") -> list[Case]:
    return [(tool, {field: value}, code, field) for value in values]


CASES: Final[list[Case]] = [
    # unknown arguments
    *((tool, {"extra": 1}, "invalid_argument", "extra") for tool in GOOD),
    *((tool, {"project_id": "denver-hvac"}, "invalid_argument", "project_id") for tool in GOOD),
    ("get_slots", {"__class__": "x"}, "invalid_argument", "__class__"),
    ("get_slots", {"start": "2026-11-23"}, "invalid_argument", "start"),
    ("book_slot", {MEGABYTES: 1}, "invalid_argument", "x" * 64),
    ("book_slot", {"name\x00": 1}, "invalid_argument", "name\x00"),
    # missing fields
    ("create_hold", {"start": ABSENT}, "invalid_argument", "start"),
    ("create_hold", {"start": None}, "invalid_argument", "start"),
    ("create_hold", {"start": "  "}, "invalid_argument", "start"),
    ("release_hold", {"holdToken": ABSENT}, "invalid_argument", "holdToken"),
    ("book_slot", {"customerName": ABSENT}, "invalid_argument", "customerName"),
    ("book_slot", {"customerPhone": ABSENT}, "invalid_argument", "customerPhone"),
    ("book_slot", {"start": ABSENT}, "invalid_argument", "start"),
    ("book_slot", {"start": ABSENT, "holdToken": ""}, "invalid_argument", "start"),
    # ids
    *(case for tool in GOOD for case in _each(tool, "projectId", NOT_TEXT)),
    *((tool, {"projectId": wrong}, "not_found", "projectId") for tool in GOOD for wrong in ("denver", 5)),
    *((tool, {"projectId": "x" * 65}, "invalid_argument", "projectId") for tool in GOOD),
    *_each("get_slots", "serviceType", NOT_TEXT),
    *_each("get_slots", "serviceType", ("ac", "'; DROP TABLE services; --", "🛠", "../../etc", 5), "not_found"),
    *_each("create_hold", "technicianId", ("t-an", "t-ana ben", "%"), "not_found"),
    *_each("create_hold", "technicianId", (MEGABYTES, *NOT_CLEAN, *NOT_TEXT)),
    ("create_hold", {"serviceType": "furnace-check", "technicianId": "t-ben"}, "invalid_argument", "technicianId"),
    # times
    *_each("create_hold", "start", NOT_A_TIME),
    *_each("book_slot", "end", NOT_A_TIME),
    *_each("get_slots", "from", tuple(text for text in NOT_A_TIME if text not in ACCEPTED_IN_A_RANGE)),
    *_each("get_slots", "from", ("24:00", "tomorrow 24:00", "tomorrow 9", "demain", "morgen", "next week", "tonight")),
    *_each("create_hold", "start", ("today", "tuesday morning", "next tuesday 10:00", "tomorrow noon", "heute 10:00")),
    *_each("get_slots", "to", ("whenever", "2026-11-23T9", [])),
    ("create_hold", {"end": "2026-11-23T15:00:00Z"}, "invalid_argument", "end"),
    ("create_hold", {"end": "2026-11-23T16:00:00Z"}, "invalid_argument", "end"),
    ("book_slot", {"end": "2026-11-25T16:00:00Z"}, "invalid_argument", "end"),
    ("book_slot", {"end": "2026-11-23T17:00Z", "durationMinutes": 90}, "invalid_argument", "durationMinutes"),
    ("get_slots", {"from": "2026-11-24", "to": "2026-11-23"}, "invalid_argument", "to"),
    ("get_slots", {"from": "2026-11-24T09:00", "to": "2026-11-24T09:00"}, "invalid_argument", "to"),
    ("get_slots", {"from": "2026-10-01", "to": "2026-10-02"}, "invalid_argument", "to"),
    ("get_slots", {"from": "2027-06-01"}, "invalid_argument", "from"),
    ("get_slots", {"from": "2199-12-31", "to": "2199-12-31"}, "invalid_argument", "from"),
    *((tool, {"start": GAP[0]}, "invalid_argument", "start") for tool in ("create_hold", "book_slot")),
    *((tool, {"start": TWICE[0]}, "invalid_argument", "start") for tool in ("create_hold", "book_slot")),
    *(("get_slots", {field: time}, "invalid_argument", field) for field in ("from", "to") for time, _ in (GAP, TWICE)),
    ("create_hold", {"start": "2026-11-22T10:00"}, "slot_unavailable", ""),
    ("create_hold", {"start": "2027-06-01T10:00"}, "slot_unavailable", ""),
    ("create_hold", {"start": "2026-11-23T09:07"}, "slot_unavailable", ""),
    ("create_hold", {"start": "2026-11-23T03:00"}, "slot_unavailable", ""),
    ("book_slot", {"start": "2199-12-31T23:59-23:59"}, "slot_unavailable", ""),
    ("book_slot", {"start": "2000-01-01T00:00+23:59"}, "slot_unavailable", ""),
    ("book_slot", {"durationMinutes": 1440}, "slot_unavailable", ""),
    # lengths, limits, lifetimes
    *_each("get_slots", "durationMinutes", NOT_A_LENGTH),
    *_each("create_hold", "durationMinutes", (-1, 1441, 10**9)),
    *_each("book_slot", "durationMinutes", (-1, 1441, 10**9)),
    *_each("get_slots", "limit", (-1, 101, 10**9, 10**40, 1.5, "many", True, [], "NaN")),
    *_each("create_hold", "ttlSeconds", (-1, 1, 59, 121, 10**9, 60.5, "soon", True, "Infinity")),
    # words out of a list, zones, weekdays
    *_each("get_slots", "partOfDay", ("noon", "Morning!", 1, ["morning"])),
    *_each("get_slots", "daysOfWeek", ("someday", "m", "mon tue wed thx", 1, ["mon", 1], [[]], "x" * 101, "montag")),
    *_each(
        "get_slots", "timezone", ("Mars/Olympus", "MST7MDT8", "+07:00", "America", "../../etc/passwd", "UTC\x00", 7)
    ),
    *_each("get_slots", "detail", ("everything", 1, {})),
    # cursors and tokens
    *_each("get_slots", "cursor", ("x", "AAAA", "W10=", "bnVsbA==", "x" * 2001, 7, {}, "é")),
    *_each("release_hold", "holdToken", (MEGABYTES, "x" * 257, *NOT_CLEAN, *NOT_TEXT)),
    *_each("book_slot", "holdToken", (MEGABYTES, *NOT_CLEAN, *NOT_TEXT)),
    ("book_slot", {"holdToken": "never-was"}, "hold_expired", ""),
    ("book_slot", {"holdToken": "' OR 1=1 --"}, "hold_expired", ""),
    ("book_slot", {"holdToken": 5}, "hold_expired", ""),
    # customers
    *_each("create_hold", "customerHash", (MEGABYTES, "x" * 257, *NOT_CLEAN, *NOT_TEXT)),
    *_each("book_slot", "customerHash", (MEGABYTES, "x" * 257, *NOT_CLEAN, *NOT_TEXT)),
    *_each("book_slot", "customerName", (MEGABYTES, "x" * 201, 5, "555 0142", *NOT_CLEAN, *NOT_TEXT)),
    *_each("book_slot", "customerPhone", ("call me", "123", "+", "1" * 24, "555-0142; DROP TABLE", "٠١٢٣٤٥٦", 5550142)),
    *_each("book_slot", "customerPhone", (123, -3_035_550_142, True, [])),
    *_each(
        "book_slot",
        "customerEmail",
        ("kim", "kim@", "@example.com", "kim@example", "a@b.c, d@e.f", "k i m@example.com"),
    ),
    *_each("book_slot", "idempotencyKey", (MEGABYTES, "x" * 257, *NOT_CLEAN, *NOT_TEXT)),
    *_each("create_hold", "idempotencyKey", ("x" * 257, {}, 1.5)),
    # places and notes
    *_each("book_slot", "latitude", (90.1, -91, 10**9, "north", True, "NaN", "-Infinity", "1e999", [])),
    *_each("book_slot", "longitude", (180.1, -181, "west", {})),
    ("book_slot", {"latitude": 39.7}, "invalid_argument", "longitude"),
    ("book_slot", {"longitude": -104.9}, "invalid_argument", "latitude"),
    *_each("book_slot", "address", (MEGABYTES, "x" * 501, "1 Elm\x00", 1.5, [])),
    *_each("book_slot", "notes", (MEGABYTES, "x" * 2001, "a\x1bb", {"note": "x"})),
]


_MAX_CHARACTERS: Final = 40


def _name(case: Case) -> str:
    tool, changed, code, _ = case
    text = ", ".join(f"{name[:20]!r}: {_short(value)}" for name, value in changed.items())
    return f"{tool} {text} {code}".encode("ascii", "backslashreplace").decode()


def _short(value: object) -> str:
    if value is ABSENT:
        return "absent"
    text = repr(value)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}... ({len(text)})"


def _subject(changed: Mapping[str, object]) -> str:
    """Return the first field that a case changes."""
    return ascii(next(iter(changed)))[1:-1][:20]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Project with a live hold and a booking."""
    path = tmp_path_factory.mktemp("bad-input") / "template.db"
    asyncio.run(_create(path))
    return path


async def _create(path: Path) -> None:
    async with open_caller(path, PLAN, now_ms=SUNDAY_NOON_MS) as caller:
        await caller.call("create_hold", **GOOD["create_hold"])
        await caller.call("book_slot", **{**GOOD["book_slot"], "start": "2026-11-24T16:00:00Z"})


@pytest.fixture
async def shop(template: Path, tmp_path: Path) -> AsyncIterator[Caller]:
    async with open_caller(clone(template, tmp_path / "shop.db"), now_ms=SUNDAY_NOON_MS) as caller:
        yield caller


def _call(tool: str, changed: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**GOOD[tool], **changed}.items() if value is not ABSENT}


async def _refused(shop: Caller, tool: str, changed: Mapping[str, object]) -> Body:
    before = fingerprint(shop.path)
    error = await shop.expect_error(tool, **_call(tool, changed))
    assert fingerprint(shop.path) == before, "something was changed"
    return error


def test_the_examples_cover_many_kinds() -> None:
    assert len({_name(case) for case in CASES}) == len(CASES) >= 300
    assert {tool for tool, *_ in CASES} == set(GOOD)


@pytest.mark.parametrize(("tool", "field"), sorted({(tool, _subject(changed)) for tool, changed, *_ in CASES}))
async def test_bad_input_is_reported_by_field_and_changes_nothing(shop: Caller, tool: str, field: str) -> None:
    for case in CASES:
        if (case[0], _subject(case[1])) == (tool, field):
            try:
                await _check(shop, case)
            except AssertionError as error:
                error.add_note(_name(case))
                raise


async def _check(shop: Caller, case: Case) -> None:
    tool, changed, code, field = case
    error = await _refused(shop, tool, changed)
    assert error["code"] == code
    assert not error["retryable"]
    if field:
        assert field in fields(error)
    assert not LEAKS.search(error["result"]), error["result"]
    assert len(error["result"]) < 1000


@pytest.mark.parametrize("tool", ["create_hold", "book_slot", "get_slots"])
@pytest.mark.parametrize(("time", "readings"), [GAP, TWICE], ids=["never", "twice"])
async def test_a_skipped_or_repeated_local_time_is_reported_with_both_readings(
    shop: Caller, tool: str, time: str, readings: str
) -> None:
    error = await _refused(shop, tool, {"from" if tool == "get_slots" else "start": time})
    assert readings in error["fields"][0]["problem"]


@pytest.mark.parametrize(
    ("tool", "changed", "nearest"),
    [
        ("get_slots", {"serviceType": "ac-repairs"}, ["ac-repair"]),
        ("create_hold", {"technicianId": "anna"}, ["t-ana", "t-ben"]),
        ("list_services", {"projectId": "denver-hvacs"}, ["denver-hvac"]),
        ("get_slots", {"serviceType": "zzz"}, ["ac-repair", "furnace-check"]),
    ],
)
async def test_an_unknown_id_is_reported_with_similar_ids(
    shop: Caller, tool: str, changed: Mapping[str, object], nearest: list[str]
) -> None:
    error = await _refused(shop, tool, changed)
    assert error["nearest"][: len(nearest)] == nearest
    assert nearest[0] in error["fields"][0]["problem"]
    assert nearest[0] not in error["result"]


async def test_all_invalid_fields_are_reported_together(shop: Caller) -> None:
    error = await _refused(shop, "book_slot", {"customerName": 5, "start": "soon", "latitude": 99, "extra": 1})
    assert sorted(fields(error)) == ["customerName", "extra", "latitude", "start"]


async def test_all_missing_fields_are_reported_together(shop: Caller) -> None:
    error = await _refused(shop, "book_slot", dict.fromkeys(GOOD["book_slot"], ABSENT))
    assert fields(error) == ["customerName", "customerPhone", "start"]


async def test_problems_that_only_the_project_decides_are_reported_together(shop: Caller) -> None:
    changed = {"customerPhone": "000 000 0000", "serviceType": "plumbing", "start": GAP[0]}
    error = await _refused(shop, "book_slot", changed)
    assert (error["code"], fields(error)) == ("invalid_argument", ["customerPhone", "start", "serviceType"])
    assert "ac-repair (AC repair)" in error["fields"][2]["problem"]
    error = await shop.expect_error("explain_slot", serviceType="plumbing", start=GAP[0])
    assert fields(error) == ["start", "serviceType"]


async def test_a_contradicting_alias_is_reported_with_both_names(shop: Caller) -> None:
    error = await _refused(shop, "book_slot", {"phone": "+1 720 555 0142", "name": "Kim Deer"})
    assert sorted(fields(error)) == ["customerName", "customerPhone", "name", "phone"]


async def test_a_cursor_of_another_request_is_refused(shop: Caller) -> None:
    first = await shop.call("get_slots", serviceType="ac-repair", limit=1)
    error = await _refused(shop, "get_slots", {"serviceType": "furnace-check", "cursor": first["nextCursor"]})
    assert fields(error) == ["cursor"]


@pytest.mark.parametrize(
    "changed", [{"serviceType": "furnace-check"}, {"start": "2026-11-23T17:00Z"}, {"durationMinutes": 30}]
)
async def test_a_token_with_a_contradicting_argument_is_refused(shop: Caller, changed: Mapping[str, object]) -> None:
    (token,) = (entry.token for entry in entries(shop.path) if entry.token)
    error = await _refused(shop, "book_slot", {"holdToken": token, **changed})
    assert fields(error) == list(changed)


async def test_the_id_of_another_object_is_not_a_token(shop: Caller) -> None:
    """A hold is reached only by its token, not by the id of a booking or a hold, nor by a key."""
    names = [entry.id for entry in entries(shop.path)]
    names += [key for (key,) in rows(shop.path, "SELECT key FROM receipts")]
    for name in names:
        assert (await _refused(shop, "book_slot", {"holdToken": name}))["code"] == "hold_expired"
        before = fingerprint(shop.path)
        assert not (await shop.call("release_hold", holdToken=name))["released"]
        assert fingerprint(shop.path) == before


async def test_a_token_of_another_project_is_unknown(shop: Caller) -> None:
    (token,) = (entry.token for entry in entries(shop.path) if entry.token)
    other = replace(PLAN, project=replace(PLAN.project, id="boulder-hvac"))
    await shop.app.projects.import_project(other, prune=False)
    error = await _refused(shop, "book_slot", {"projectId": "boulder-hvac", "holdToken": token})
    assert error["code"] == "hold_expired"
    error = await _refused(shop, "book_slot", {})
    assert (error["code"], fields(error)) == ("invalid_argument", ["projectId"])


FINE: Final = (
    "Zoë O'Brien-Łukasz",
    "Robert'); DROP TABLE bookings;--",
    "👩‍🔧 Kim 🔥",
    "李小龍",
    "عمر",
    "<script>alert(1)</script>",
    "${jndi:ldap://x}",
    "%s %d {0} {name}",
    "null",
    "NaN",
    "x" * 200,
)


@pytest.mark.parametrize("text", FINE, ids=ascii)
async def test_unusual_but_valid_text_is_stored_unchanged(shop: Caller, text: str) -> None:
    answer = await shop.call(
        "book_slot",
        **{**GOOD["book_slot"], "customerName": text, "notes": f"{text}\nsecond line", "address": text},
        idempotencyKey=text,
    )
    id_ = answer["booking"]["bookingId"]
    stored = rows(shop.path, "SELECT customer_name, notes, address FROM bookings WHERE claim_id = ?", id_)
    assert stored == [(text, f"{text}\nsecond line", text)]


@pytest.mark.parametrize(
    ("tool", "changed"),
    [
        ("get_slots", {"durationMinutes": "60", "limit": "5"}),
        ("get_slots", {"durationMinutes": 0, "limit": None, "timezone": "", "cursor": None}),
        ("get_slots", {"from": "2026-11-23", "to": "2026-11-23", "daysOfWeek": "Mon, TUESDAY;wed"}),
        ("get_slots", {"daysOfWeek": ["mon"], "partOfDay": "Morning", "timezone": "america/denver"}),
        ("get_slots", {"daysOfWeek": [], "partOfDay": "morning ", "technicianId": 0, "from": 0}),
        ("get_slots", {"daysOfWeek": '["mon", "tue"]', "limit": "\uff15", "detail": "FULL"}),
        ("get_slots", {"timezone": "America/New York", "locale": "\u200b"}),
        ("create_hold", {"start": "\u0662\u0660\u0662\u0666-11-23T09:00", "idempotencyKey": 1}),
        ("book_slot", {"customerPhone": 3_035_550_142, "idempotencyKey": 1, "address": 5}),
        ("book_slot", {"customerPhone": ABSENT, "phone": "tel:+1-303-555-0142"}),
        ("book_slot", {"customerPhone": "\u202d+1 303 555 0142\u202c", "email": "mailto:bob@example.com"}),
        ("book_slot", {"customerName": ABSENT, "name": "Kim Doe", "phone": "+1 (303) 555-0142"}),
        ("create_hold", {"start": " 2026-11-23T09:00 ", "ttlSeconds": 0, "technicianId": ""}),
        ("create_hold", {"start": "2026-11-23t16:00:00.000z"}),
        ("book_slot", {"latitude": 0, "longitude": 0}),
        ("book_slot", {"customerPhone": "(303) 555-0142 ext. 7", "start": "2026-11-23T18:00:00+02:00"}),
    ],
    ids=str,
)
async def test_unusual_forms_that_agents_send_are_accepted(
    shop: Caller, tool: str, changed: Mapping[str, object]
) -> None:
    assert (await shop.call(tool, **_call(tool, changed)))["result"]
