"""Books as bytes: what comes back is what went in, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.schedule import Schedule
from slotmcp.redis_layer.snapshots import ScheduleCodec, schema_of
from unit.engine.strategies import Case, cases

CODEC = ScheduleCodec()
ZLIB_HEADER = 2
"""Bytes in which a change may do no harm."""


@given(cases(), st.integers(1, 2**53), st.data())
def test_any_book_comes_back_as_it_was_and_is_taken_for_no_other(
    case: Case, revision: int, data: st.DataObject
) -> None:
    schedule = replace(case.schedule, revision=revision)
    told = CODEC.encode(schedule)
    back = CODEC.decode(told, schedule.project.id, revision)
    assert back == schedule
    assert back is not None
    assert list(back.technician_schedules) == list(schedule.technician_schedules)
    assert list(back.services) == list(schedule.services)
    assert hash(back.project) == hash(schedule.project)
    assert CODEC.decode(told, schedule.project.id, revision + 1) is None
    assert CODEC.decode(told, "another", revision) is None
    damaged = bytearray(told)
    at = data.draw(st.integers(ZLIB_HEADER, len(told) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    assert CODEC.decode(bytes(damaged), schedule.project.id, revision) is None


@pytest.mark.parametrize("told", [b"", b"x", b"\x00" * 100, b"null", b"\x78\x9c\x03\x00\x00\x00\x00\x01"])
def test_what_is_no_book_is_none(told: bytes) -> None:
    assert CODEC.decode(told, "shop", 1) is None


@dataclass(frozen=True)
class Part:
    number: int


@dataclass(frozen=True)
class Whole:
    parts: Mapping[str, tuple[Part, ...]]


@dataclass(frozen=True)
class OtherPart:
    number: str


@dataclass(frozen=True)
class OtherWhole:
    parts: Mapping[str, tuple[OtherPart, ...]]


def test_the_schema_follows_every_field_of_all_that_a_book_is_made_of() -> None:
    OtherPart.__name__, OtherWhole.__name__ = "Part", "Whole"
    assert schema_of(Whole) != schema_of(OtherWhole)
    assert CODEC.schema == schema_of(Schedule)
