"""The clock of an SQLite file: processes agree on it, and setting the wall clock costs no promise."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.services.app import App
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.store import clock as file_clock
from slotmcp.store.clock import FileClock, boot_id, elapsed_ms
from slotmcp.store.sqlite import SqliteStore
from support.new_file import new_file
from support.shop import OPENING_TIME, at, instant_ms, plan, technician
from support.sqlite_file import rows

BUSINESS = plan(technician("ana", "09:00-17:00"), hold_ttl_seconds=120)
SETTLE_SECONDS = 10
HOUR_MS = 3_600_000
STEPS_MS = [-HOUR_MS, -600_000, 2 * HOUR_MS, 400 * 24 * HOUR_MS]


@dataclass(slots=True)
class Machine:
    """Two clocks of a machine, which processes read: one that can be set, and one that cannot."""

    path: Path
    wall: int = instant_ms(OPENING_TIME)
    elapsed: int = 5_000
    boot: str = "first start"

    def advance(self, *, seconds: float) -> None:
        """Let time pass."""
        self.wall += round(seconds * 1000)
        self.elapsed += round(seconds * 1000)

    def restart(self) -> None:
        """Start again."""
        self.elapsed, self.boot = 1_000, "second start"

    def clock(self) -> FileClock:
        """Return the clock of a new process."""
        return FileClock(
            wall=lambda: self.wall, elapsed=lambda: self.elapsed, boot=self.boot, settle_seconds=SETTLE_SECONDS
        )

    @asynccontextmanager
    async def process(self) -> AsyncIterator["Process"]:
        """Open the file as a process of this machine does."""
        clock = self.clock()
        async with SqliteStore.open(self.path, clock=clock) as store:
            yield Process(clock, store, build_app(store))


@dataclass(frozen=True, slots=True)
class Process:
    """Process that uses the file."""

    clock: FileClock
    store: SqliteStore
    app: App

    async def hold(self, time: str) -> str:
        """Hold a time; return the token."""
        held = await self.app.holds.create_hold(HoldRequest(start=at(time), customer_reference=f"{time} kim-c7a1f93e"))
        return held.hold.token

    async def starts(self) -> set[int]:
        """Return the times that are offered today."""
        return {slot.start for slot in (await self.app.slots.get_slots(SlotQuery(limit=100))).offer.slots}

    async def left_ms(self, token: str) -> int:
        """Return the remaining time of a hold."""
        hold = await self.store.hold("shop", token)
        assert hold is not None
        assert hold.claim.expires_at_ms is not None
        return hold.claim.expires_at_ms - await self.store.now_ms()


@pytest.fixture
async def machine(tmp_path: Path) -> Machine:
    machine = Machine(new_file(tmp_path / "shop.db"))
    async with machine.process() as process:
        await process.app.projects.import_project(BUSINESS, prune=False)
    return machine


@pytest.fixture(autouse=True)
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the clocks all the time."""
    monkeypatch.setattr(file_clock, "CHECK_SECONDS", 0.001)


async def is_true(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  another thread changes the file
            await asyncio.sleep(0.001)


def noted(machine: Machine) -> bool:
    """Return whether the file stores that the clocks differ."""
    ((since,),) = rows(machine.path, "SELECT differs_since_ms FROM clock")
    return bool(since)


@pytest.mark.parametrize("step_ms", STEPS_MS)
async def test_a_short_step_changes_nothing(machine: Machine, step_ms: int, caplog: pytest.LogCaptureFixture) -> None:
    async with machine.process() as one, machine.process() as two:
        token, now_ms = await one.hold("09:00"), await one.store.now_ms()
        machine.wall += step_ms
        await is_true(lambda: noted(machine))
        assert [await one.store.now_ms(), await two.store.now_ms()] == [now_ms, now_ms]
        machine.advance(seconds=SETTLE_SECONDS - 1)
        assert await one.left_ms(token) == 120_000 - (SETTLE_SECONDS - 1) * 1000
        machine.wall -= step_ms
        await is_true(lambda: not noted(machine))
        machine.advance(seconds=111)
        assert await one.starts() == await two.starts() >= {at("09:00")}
    (message,) = [record.message for record in caplog.records if record.name == "slotmcp.clock"]
    assert message.startswith(f"the wall clock was set by {step_ms / 1000:+.1f} s; holds and limits are not affected")


@pytest.mark.parametrize("step_ms", STEPS_MS)
async def test_a_step_that_ends_as_soon_as_it_is_noted_is_forgotten(machine: Machine, step_ms: int) -> None:
    def set_back(_: logging.LogRecord) -> bool:
        machine.wall -= step_ms
        return True

    log = logging.getLogger("slotmcp.clock")
    async with machine.process() as process:
        log.addFilter(set_back)  # the message follows the commit at once
        try:
            machine.wall += step_ms
            await is_true(lambda: noted(machine))
            await is_true(lambda: not noted(machine))
        finally:
            log.removeFilter(set_back)
        await is_true(lambda: process.clock.is_settled)


@pytest.mark.parametrize("step_ms", STEPS_MS)
async def test_a_step_that_lasts_is_followed_with_all_live_holds(machine: Machine, step_ms: int) -> None:
    async with machine.process() as one, machine.process() as two:
        machine.wall += step_ms
        await is_true(lambda: noted(machine))
        machine.advance(seconds=SETTLE_SECONDS - 1)
        token = await one.hold("10:00")
        machine.advance(seconds=1)
        await is_true(lambda: one.clock.is_settled and two.clock.is_settled)
        assert [await one.store.now_ms(), await two.store.now_ms()] == [machine.wall] * 2
        assert [await one.left_ms(token), await two.left_ms(token)] == [119_000] * 2
        before_ms = machine.wall
        machine.advance(seconds=119)
        assert await two.left_ms(token) == 0
        lapsed = await two.store.write("shop", lambda transaction: transaction.lapse_holds())
        assert (lapsed, machine.wall - before_ms) == (1, 119_000)


@pytest.mark.parametrize("step_ms", [-HOUR_MS, -600_000])
async def test_schedules_in_memory_have_the_moved_holds(machine: Machine, step_ms: int) -> None:
    async with machine.process() as one, machine.process() as two:
        machine.wall += step_ms
        await is_true(lambda: noted(machine))
        await one.hold("10:00")
        assert at("10:00") not in await two.starts()
        machine.advance(seconds=SETTLE_SECONDS)
        await is_true(lambda: one.clock.is_settled and two.clock.is_settled)
        assert at("10:00") not in await two.starts()
        machine.advance(seconds=120)
        assert at("10:00") in await one.starts() & await two.starts()


@pytest.mark.parametrize("step_ms", STEPS_MS)
async def test_a_process_that_starts_after_a_step_agrees_with_the_others(machine: Machine, step_ms: int) -> None:
    async with machine.process() as one:
        machine.wall += step_ms
        async with machine.process() as two:
            assert await two.store.now_ms() == await one.store.now_ms() == machine.wall - step_ms
            await is_true(lambda: noted(machine))
            machine.advance(seconds=SETTLE_SECONDS)
            await is_true(lambda: one.clock.is_settled and two.clock.is_settled)
    async with machine.process() as three:
        assert await three.store.now_ms() == machine.wall


async def test_processes_that_live_briefly_follow_a_step_together(machine: Machine) -> None:
    machine.wall -= HOUR_MS
    async with machine.process():
        await is_true(lambda: noted(machine))
    machine.advance(seconds=SETTLE_SECONDS)
    async with machine.process() as later:
        await is_true(lambda: later.clock.is_settled)
        assert await later.store.now_ms() == machine.wall


async def test_no_write_uses_the_old_time_after_another_process_has_followed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_clock, "CHECK_SECONDS", 3_600)
    async with machine.process() as late:
        first = await late.hold("09:00")
        monkeypatch.setattr(file_clock, "CHECK_SECONDS", 0.001)
        machine.wall -= HOUR_MS
        async with machine.process() as other:
            await is_true(lambda: noted(machine))
            machine.advance(seconds=SETTLE_SECONDS)
            await is_true(lambda: other.clock.is_settled)
            assert await late.store.now_ms() == machine.wall + HOUR_MS, "it has not noticed anything"
            second = await late.hold("10:00")
            assert await late.store.now_ms() == machine.wall
            assert [await other.left_ms(token) for token in (first, second)] == [110_000, 120_000]


@pytest.mark.parametrize("boots", [("first start", "second start"), ("", "")])
async def test_the_time_after_a_restart_of_the_machine_is_the_wall_clocks(
    machine: Machine, boots: tuple[str, str]
) -> None:
    machine.boot, boot = boots
    async with machine.process() as one:
        await one.hold("09:00")
    machine.restart()
    machine.boot = boot
    machine.wall -= HOUR_MS
    async with machine.process() as two:
        assert await two.store.now_ms() == machine.wall
        await two.hold("10:00")
        assert at("09:00") in await two.starts(), "the clock was set back by an hour, so the hold is not kept as long"


def test_the_elapsed_time_runs_and_the_start_has_an_id() -> None:
    first = elapsed_ms()
    assert 0 < first <= elapsed_ms()
    assert boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
