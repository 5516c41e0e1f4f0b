"""Eight processes on one file, four of them killed: exactly the capacity is sold, and each key has one effect."""

import asyncio
import json
import signal
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from concurrency.caller import Caller, Line, Way
from concurrency.rush import BUSINESS, CAPACITY, STARTS_A_DAY, environment, python_module
from support.clock import HandClock
from support.shop import Shop, at, customer, instant_ms, open_shop
from support.sqlite_file import count, entries, integrity, overlaps, rows

PROCESSES = 8
CALLERS_EACH = 25
NOW_MS = instant_ms("06:00")
DEATHS = {0: 0, 1: 1, 2: 2, 3: 5}
"""Four processes are killed: one at its first request, the others after so many of their callers got a time."""
NEVER = 10**9


def callers() -> list[Caller]:
    """Return callers for any start of the day; a third books, a third holds and books, a third holds only."""
    travel_lookup: tuple[Way, ...] = ("book", "hold", "keep")
    return [
        Caller(number=number, way=travel_lookup[number % 3], start=at("09:00") + 30 * (number * 7 % STARTS_A_DAY))
        for number in range(PROCESSES * CALLERS_EACH)
    ]


class Office:
    """A process with its callers and its output."""

    def __init__(self, process: Process, callers: Sequence[Caller], pause_after: int) -> None:
        self._process = process
        self._callers = callers
        self._pause_after = pause_after
        self.lines: list[Line] = []
        self.has_begun = asyncio.Event()
        """Set at the first line of output: a request of the process that is killed with it, or a result."""
        self.was_killed = False

    @classmethod
    async def start(cls, database: Path, callers: Sequence[Caller], pause_after: int = NEVER) -> "Office":
        command = python_module("caller", database, NOW_MS, pause_after)
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment())
        return cls(process, callers, pause_after)

    async def is_ready(self) -> None:
        assert self._process.stdout is not None
        assert await self._process.stdout.readline() == b"ready\n"

    async def work(self) -> None:
        """Let the callers call, read the output, and kill the process at its moment, if it has one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        requests = [json.dumps([caller.number, caller.way, caller.start]) for caller in self._callers]
        self._process.stdin.write("\n".join([*requests, "go\n"]).encode())
        async for text in self._process.stdout:
            number, what, start, name, replayed = json.loads(text)
            self.lines.append(Line(number=number, what=what, start=start, name=name, replayed=replayed))
            self._listen(sum(line.is_a_time for line in self.lines))
        self._process.stdin.close()
        self.has_begun.set()
        assert await self._process.wait() == (-signal.SIGKILL if self.was_killed else 0)

    def _listen(self, times: int) -> None:
        if times or not self._pause_after:
            self.has_begun.set()
        if times == self._pause_after and not self.was_killed:
            self.was_killed = True
            self._process.kill()

    def interrupted(self) -> list[Caller]:
        """Return the callers to retry, each with its last request: its result is unknown."""
        last_starts = {line.number: line.start for line in self.lines if line.what == "asks"}
        return [
            Caller(number=caller.number, way=caller.way, start=last_starts.get(caller.number, caller.start))
            for caller in self._callers
        ]

    def answers(self) -> dict[int, Line]:
        """Return each caller's final result."""
        return {line.number: line for line in self.lines if line.what != "asks"}


async def work_at_once(database: Path, shares: Sequence[Sequence[Caller]], deaths: dict[int, int]) -> list[Office]:
    """Run each share in its own process, all at once; the first of them are killed."""
    offices = [await Office.start(database, share, deaths.get(number, NEVER)) for number, share in enumerate(shares)]
    await asyncio.gather(*(office.is_ready() for office in offices))
    doomed, others = offices[: len(deaths)], offices[len(deaths) :]
    work = [asyncio.create_task(office.work()) for office in doomed]
    await asyncio.gather(*(office.has_begun.wait() for office in doomed))  # before all is sold
    await asyncio.gather(*work, *(office.work() for office in others))
    return offices


class Rush:
    """A rush with four kills, and the retries of the interrupted callers."""

    def __init__(self, database: Path, first: list[Office], retries: list[Office]) -> None:
        self.database = database
        self.first = first
        self.retries = retries

    @classmethod
    async def run(cls, database: Path) -> "Rush":
        async with open_shop(database, BUSINESS):
            pass
        everybody = callers()
        shares = [everybody[number::PROCESSES] for number in range(PROCESSES)]
        first = await work_at_once(database, shares, DEATHS)
        cut_off = [first[number].interrupted() for number in DEATHS]
        retries = await work_at_once(database, [cut_off[0] + cut_off[1], cut_off[2] + cut_off[3]], {})
        return cls(database, first, retries)

    def answers(self) -> dict[int, Line]:
        """Return each caller's last result."""
        return {number: line for office in (*self.first, *self.retries) for number, line in office.answers().items()}


async def test_eight_processes_with_four_killed_sell_exactly_the_capacity(tmp_path: Path) -> None:
    """One test with many checks of the same rush, which takes seconds."""
    rush = await Rush.run(tmp_path / "rush.db")
    _check_four_processes_were_killed(rush)
    _check_some_calls_were_interrupted(rush)
    _check_exactly_the_capacity_is_sold(rush)
    _check_every_caller_has_one_result(rush)
    _check_every_result_is_in_the_file(rush)
    _check_results_before_a_kill_are_replayed(rush)
    _check_every_key_had_one_effect(rush)
    _check_the_revision_counts_every_change_of_the_day(rush)
    assert integrity(rush.database) == "ok"
    await _check_holds_survive_a_restart_and_can_be_booked(rush)


def _check_exactly_the_capacity_is_sold(rush: Rush) -> None:
    claims = entries(rush.database)
    assert Counter(entry.state for entry in claims if entry.state in {"held", "booked"}).total() == CAPACITY
    assert len({(entry.technician_id, entry.start) for entry in claims if entry.is_live(NOW_MS)}) == CAPACITY
    assert overlaps([entry for entry in claims if entry.is_live(NOW_MS)]) == []


def _check_every_caller_has_one_result(rush: Rush) -> None:
    answers = rush.answers()
    assert sorted(answers) == list(range(PROCESSES * CALLERS_EACH))
    got = Counter(line.what for line in answers.values())
    assert got["booked"] + got["held"] == CAPACITY
    assert got["sold out"] == PROCESSES * CALLERS_EACH - CAPACITY
    booked = rows(rush.database, "SELECT customer_name FROM bookings")
    assert len(booked) == len(set(booked)) == got["booked"]


def _check_every_result_is_in_the_file(rush: Rush) -> None:
    by_id = {entry.id: entry for entry in entries(rush.database)}
    by_token = {entry.token: entry for entry in by_id.values()}
    names = dict(rows(rush.database, "SELECT claim_id, customer_name FROM bookings"))
    for line in rush.answers().values():
        if line.what == "booked":
            assert (by_id[line.name].state, by_id[line.name].start) == ("booked", line.start)
            assert names[line.name] == f"caller-{line.number}"
        if line.what == "held":
            assert (by_token[line.name].state, by_token[line.name].start) == ("held", line.start)


def _check_four_processes_were_killed(rush: Rush) -> None:
    assert [office.was_killed for office in rush.first] == [True] * 4 + [False] * 4


def _check_results_before_a_kill_are_replayed(rush: Rush) -> None:
    before = {number: line for dead in DEATHS for number, line in rush.first[dead].answers().items()}
    after = {number: line for office in rush.retries for number, line in office.answers().items()}
    results = {number: line for number, line in before.items() if line.what != "sold out"}
    assert results, "no caller had a result before the kill: the moment is badly chosen"
    for number, line in results.items():
        assert (after[number].name, after[number].start) == (line.name, line.start)
        assert after[number].replayed


def _check_some_calls_were_interrupted(rush: Rush) -> None:
    """The kills really interrupt callers between request and response."""
    doubtful = {caller.number for dead in DEATHS for caller in rush.first[dead].interrupted()} - {
        number for dead in DEATHS for number in rush.first[dead].answers()
    }
    assert len(doubtful) > CALLERS_EACH


def _check_every_key_had_one_effect(rush: Rush) -> None:
    claims = [entry for entry in entries(rush.database) if entry.is_live(NOW_MS)]
    receipts = rows(rush.database, "SELECT use_case, key, answer FROM receipts")
    made = [json.loads(answer) for _, _, answer in receipts]
    tokens = {answer["token"] for answer in made if "token" in answer}
    bookings = {answer["bookingId"] for answer in made if "bookingId" in answer}
    assert {entry.token for entry in claims if entry.token} == tokens
    assert {entry.id for entry in claims if entry.state == "booked"} == bookings


def _check_the_revision_counts_every_change_of_the_day(rush: Rush) -> None:
    ((revision,),) = rows(rush.database, "SELECT revision FROM projects")
    confirmed = sum(entry.state == "booked" and entry.token is not None for entry in entries(rush.database))
    assert revision == 1 + count(rush.database, "claims") + confirmed


async def _check_holds_survive_a_restart_and_can_be_booked(rush: Rush) -> None:
    database = rush.database
    held = [line for line in rush.answers().values() if line.what == "held"]
    assert len(held) >= 10
    async with open_shop(database, clock=HandClock(NOW_MS + 119_000)) as shop:
        assert await shop.offered() == ""
        for line in held:
            await _book_kept(shop, line)
        assert await shop.offered() == ""
    assert {entry.state for entry in entries(database)} == {"booked"}
    assert count(database, "bookings") == CAPACITY


async def _book_kept(shop: Shop, line: Line) -> None:
    answer = await shop.book(hold_token=line.name, customer=customer(line.number))
    assert (answer.replayed, answer.booking.claim.start) == (False, line.start)
