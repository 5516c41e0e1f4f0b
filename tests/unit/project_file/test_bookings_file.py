"""Bookings in a file of their own: written and read back unchanged, and each problem with its line."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from slotmcp.domain.booking import Booking, BookingStatus, Customer, Visit
from slotmcp.project_file import BookingsFile, ProjectFileError
from slotmcp.project_file.bookings_file import MAX_LINE_BYTES, MAX_PROBLEMS, read_bookings, write_bookings
from slotmcp.services.imports import ProjectPlan
from unit.project_file.files import GOOD, SUNDAY_NOV_22_2026_MS, plan
from unit.project_file.plans import plans

DRAWS = settings().max_examples
LINE = '{"id": "c-1", "technicianId": "t-ana", "serviceType": "ac-repair", "start": "2026-11-25T16:00Z"}'
OTHER = LINE.replace("c-1", "c-2").replace("-25T", "-26T")


async def pages_of(*pages: Sequence[Booking]) -> AsyncIterator[Sequence[Booking]]:
    for page in pages:
        yield page


def write(bookings: Sequence[Booking], path: Path, of: ProjectPlan) -> int:
    half = len(bookings) // 2
    return asyncio.run(write_bookings(pages_of(bookings[:half], bookings[half:]), path, of, lambda _: None))


def opened(text: str | bytes, folder: Path, of: ProjectPlan | None = None) -> BookingsFile:
    path = folder / "bookings.jsonl"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return BookingsFile(path=path, plan=of or plan(GOOD), now_ms=SUNDAY_NOV_22_2026_MS)


def problems(text: str | bytes, folder: Path) -> list[str]:
    with pytest.raises(ProjectFileError) as refusal:
        opened(text, folder).read()
    return [f"{one.line} {one.path}: {one.problem}" for one in refusal.value.problems]


@settings(max_examples=DRAWS // 3)
@given(plans())
def test_every_field_of_a_booking_is_read_back_unchanged(any_plan: ProjectPlan) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bookings.jsonl"
        assert write(any_plan.bookings, path, any_plan) == len(any_plan.bookings)
        alone = replace(any_plan, bookings=())
        file = BookingsFile(path=path, plan=alone, now_ms=SUNDAY_NOV_22_2026_MS)
        assert file.read() == any_plan.bookings


def test_a_file_has_no_customer_data(tmp_path: Path) -> None:
    good = plan(GOOD)
    customer = Customer(name="Zelda Quimby", phone="+13035550142", email="zelda@example.com")
    sold = [replace(one, customer=customer, visit=Visit(address="1 Elm Street")) for one in good.bookings]
    write(sold, tmp_path / "b.jsonl", good)
    text = (tmp_path / "b.jsonl").read_text(encoding="utf-8")
    assert text.count("\n") == len(sold)
    assert not [word for word in ("Zelda", "303555", "example.com", "Elm") if word in text]


def test_an_interrupted_export_leaves_the_old_file(tmp_path: Path) -> None:
    async def broken(booking: Booking) -> AsyncIterator[Sequence[Booking]]:
        yield [booking]
        raise ConnectionError

    path = tmp_path / "b.jsonl"
    path.write_text(LINE)
    with pytest.raises(ConnectionError):
        asyncio.run(write_bookings(broken(plan(GOOD).bookings[0]), path, plan(GOOD), lambda _: None))
    assert path.read_text() == LINE
    assert list(tmp_path.iterdir()) == [path]


def test_blank_lines_a_byte_order_mark_and_relative_dates_are_accepted(tmp_path: Path) -> None:
    text = f"\ufeff{LINE}\r\n\n  \n{OTHER.replace('2026-11-26T16:00Z', 'today+4T09:00')}"
    first, second = opened(text, tmp_path).read()
    assert (first.id, second.id) == ("c-1", "c-2")
    assert second.claim.start - first.claim.start == 1440


def test_defaults_are_those_of_the_service(tmp_path: Path) -> None:
    (booking,) = opened(LINE, tmp_path).read()
    assert booking.claim.end - booking.claim.start == 60
    assert (booking.claim.buffer_before_minutes, booking.claim.buffer_after_minutes) == (0, 15)
    assert (booking.status, booking.claim.technician_chosen) == (BookingStatus.CONFIRMED, False)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("b-1, t-ana", '2 : this is not JSON; write one booking on each line, such as {"id": "b-1", ...}'),
        ("[1]", "2 : write keys with values here: id, technicianId, serviceType, start, end, bufferBeforeMinutes, "),
        (OTHER.replace("t-ana", "t-anna"), '2 technicianId: there is no technician "t-anna"; did you mean "t-ana"?'),
        (OTHER.replace("ac-r", "ac r"), "2 serviceType: write a service's id in lowercase letters, digits and hyphens"),
        (OTHER.replace("ac-repair", "repair"), '2 serviceType: there is no service "repair"; did you mean'),
        (OTHER.replace("c-2", "c-1"), '2 id: "c-1" is already the id of an earlier booking; use another one'),
        (OTHER.replace("c-2", "b-1"), '2 id: "b-1" is already the id of an earlier booking; use another one'),
        (OTHER.replace("T16:00Z", ""), "2 start: a booking needs a time of day; write one after the date"),
        (OTHER.replace('"id"', '"ID"'), '2 ID: there is no key "ID" here; did you mean "id"?'),
        (OTHER[:-1] + ', "end": "2026-11-26T15:00Z"}', "2 end: this is not after the start; write a time after"),
        (
            OTHER[:-1] + ', "end": "2026-12-26T16:00Z"}',
            "2 end: this is 30 days after the start; a booking lasts at most 7",
        ),
        (OTHER[:-1] + ', "end": 5}', '2 end: write a date and time (in quotes), such as "2026-11-23T09:00"'),
        (OTHER[:-1] + ', "status": "cancelled"}', "2 status: write confirmed or rescheduled or completed or no_show"),
        (f'"{"x" * MAX_LINE_BYTES}"', "2 : write one booking on each line, in at most 10,000 bytes"),
        ("\udcff", "2 : this is not JSON"),
    ],
)
def test_a_problem_is_reported_with_its_line(line: str, problem: str, tmp_path: Path) -> None:
    reported = problems(f"{LINE}\n{line}\n".encode(errors="surrogateescape"), tmp_path)
    assert any(one.startswith(problem) for one in reported), reported


def test_every_overlap_is_reported_at_the_later_line(tmp_path: Path) -> None:
    long = LINE[:-1] + ', "end": "2026-11-25T20:00Z"}'
    within, after, touching = (
        OTHER.replace("c-2", f"c-{hour}").replace("26T16", f"25T{hour}") for hour in ("17", "19", "20")
    )
    elsewhere = within.replace("c-17", "c-ben").replace("t-ana", "t-ben")
    assert problems(f"{after}\n{long}\n{touching}\n{elsewhere}\n{within}", tmp_path) == [
        "2 : overlaps the booking on line 1; move one, or assign another technician",
        "5 : overlaps the booking on line 2; move one, or assign another technician",
    ]


def test_only_the_first_problems_are_reported(tmp_path: Path) -> None:
    assert len(problems("{}\n" * 1000, tmp_path)) == MAX_PROBLEMS
    same = "\n".join(LINE.replace("c-1", f"c-{number}") for number in range(100))
    assert len(problems(same, tmp_path)) == MAX_PROBLEMS


def test_a_file_that_cannot_be_read_is_a_problem_of_its_first_line(tmp_path: Path) -> None:
    file = opened(LINE, tmp_path)
    file.path.unlink()
    with pytest.raises(ProjectFileError, match="cannot be read"):
        file.read()


def test_bookings_that_do_not_fit_into_a_project_file_are_refused_early() -> None:
    good = plan(GOOD)

    async def endless() -> AsyncIterator[Sequence[Booking]]:
        for number in range(1_000_000):
            assert number < 1000, "reading did not stop"
            yield good.bookings * 50

    assert asyncio.run(read_bookings(endless(), good)) is None
    assert asyncio.run(read_bookings(pages_of(good.bookings[::-1]), good)) == good.bookings
