"""A decoded schedule equals the encoded one, or decoding returns None."""

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
"""Bytes in which a change may go undetected."""


@given(cases(), st.integers(1, 2**53), st.data())
def test_any_schedule_survives_a_round_trip_and_matches_no_other_revision(
    case: Case, revision: int, data: st.DataObject
) -> None:
    schedule = replace(case.schedule, revision=revision)
    encoded = CODEC.encode(schedule)
    decoded = CODEC.decode(encoded, schedule.project.id, revision)
    assert decoded == schedule
    assert decoded is not None
    assert list(decoded.technician_schedules) == list(schedule.technician_schedules)
    assert list(decoded.services) == list(schedule.services)
    assert hash(decoded.project) == hash(schedule.project)
    assert CODEC.decode(encoded, schedule.project.id, revision + 1) is None
    assert CODEC.decode(encoded, "another", revision) is None
    damaged = bytearray(encoded)
    at = data.draw(st.integers(ZLIB_HEADER, len(encoded) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    assert CODEC.decode(bytes(damaged), schedule.project.id, revision) is None


@pytest.mark.parametrize("encoded", [b"", b"x", b"\x00" * 100, b"null", b"\x78\x9c\x03\x00\x00\x00\x00\x01"])
def test_invalid_bytes_decode_to_none(encoded: bytes) -> None:
    assert CODEC.decode(encoded, "shop", 1) is None


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


def test_the_schema_depends_on_every_nested_field() -> None:
    OtherPart.__name__, OtherWhole.__name__ = "Part", "Whole"
    assert schema_of(Whole) != schema_of(OtherWhole)
    assert CODEC.schema == schema_of(Schedule)
