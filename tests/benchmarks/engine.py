"""Every start with its capacity and five best candidates: the engine against a naive scan and a bisecting search."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from benchmarks import baselines
from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.business_rules import need_of, with_rules, with_travel
from benchmarks.schedules import NOW, NOW_MS, REPAIR, end_of, schedule_of
from benchmarks.timing import time_pairs
from slotmcp.domain.schedule import Schedule
from slotmcp.engine import frame, opening_hours, timeline
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from support.slot_search import find_slots

BEST = 5
NEED = Need.of_service(REPAIR)

SIZES = ((5, 7), (50, 7), (500, 7), (50, 31), (500, 31))
"""Numbers of technicians and days."""
TOO_SLOW_TO_SCAN = (500, 31)
LONG_SIZES = ((500, 7), (500, 31))
"""Sizes that quick runs leave out."""
WARM_TARGETS = {(50, 7): 20, (500, 7): 60}
RULES = 1.5
"""Maximum ratio of times with every rule of a business in use."""
GROWTH = 2
"""Maximum ratio of times for twice the technicians, days or bookings."""

CACHES = [
    value
    for module in (frame, opening_hours, timeline)
    for value in vars(module).values()
    if hasattr(value, "cache_clear") and value.__module__ == module.__name__
]
"""The engine's caches of projects and technicians, without those of time zones."""

Slots = Sequence[tuple[object, ...]]
EngineCall = Callable[[], Slots]
Prepare = Callable[[], tuple[EngineCall, EngineCall]]
"""Prepares the calls of the floor and of the engine."""


def rows() -> list[Benchmark]:
    """Return the rows: one for each size and cache state, and the growth of time."""
    sized = [row for size in SIZES for row in (_warm(*size), _cold(*size))]
    scanned = [_scanned(*size) for size in SIZES if size != TOO_SLOW_TO_SCAN]
    return [
        *sized,
        *scanned,
        _changed(50, 7),
        _changed(500, 7),
        _ruled("rules", "every rule of a business", lambda: schedule_of(50, 7)),
        _ruled("rules-travel", "every rule and travel times", lambda: with_travel(schedule_of(50, 7))),
        *_growth("warm", warm_call),
        *_growth("cold", cold_call),
    ]


def _warm(technicians: int, days: int) -> Benchmark:
    def prepare() -> tuple[EngineCall, EngineCall]:
        schedule = schedule_of(technicians, days)
        return partial(baselines.bisect, baselines.build(schedule, NOW), REPAIR, BEST), warm_call(schedule)

    return _held_against(
        "merged + bisect, built before",
        prepare,
        name=f"engine-{technicians}x{days}-warm",
        measures="every start with its best five, warm caches",
        target=WARM_TARGETS.get((technicians, days)),
    )


def _cold(technicians: int, days: int) -> Benchmark:
    def prepare() -> tuple[EngineCall, EngineCall]:
        schedule = schedule_of(technicians, days)
        return lambda: baselines.bisect(baselines.build(schedule, NOW), REPAIR, BEST), cold_call(schedule)

    return _held_against(
        "merged + bisect, built from the same schedule",
        prepare,
        name=f"engine-{technicians}x{days}-cold",
        measures="the same with cold caches",
        target=1,
    )


def _scanned(technicians: int, days: int) -> Benchmark:
    def prepare() -> tuple[EngineCall, EngineCall]:
        schedule = schedule_of(technicians, days)
        return partial(baselines.scan, baselines.build(schedule, NOW), REPAIR, BEST), warm_call(schedule)

    return _held_against(
        "naive scan, built before",
        prepare,
        name=f"engine-{technicians}x{days}-scan",
        measures="every start with its best five, warm caches",
        target=None,
    )


def _changed(technicians: int, days: int) -> Benchmark:
    """Measure the next question after a booking has changed one technician schedule."""

    def prepare() -> tuple[EngineCall, EngineCall]:
        schedule = schedule_of(technicians, days)
        technician_schedule = next(iter(schedule.technician_schedules.values()))
        changed = replace(technician_schedule, claims=technician_schedule.claims[:-1])
        after = replace(
            schedule,
            technician_schedules={**schedule.technician_schedules, technician_schedule.technician.id: changed},
            revision=2,
        )
        built, known = baselines.build(schedule, NOW), Availability.of(schedule, NOW_MS)
        _find_slots(known)
        return (
            lambda: baselines.bisect(baselines.rebuild(built, after, changed, NOW), REPAIR, BEST),
            lambda: _find_slots(Availability.of(after, NOW_MS, known)),
        )

    return _held_against(
        "merged + bisect, that schedule rebuilt",
        prepare,
        name=f"engine-{technicians}x{days}-changed",
        measures="the same after one technician schedule has changed",
        target=None,
    )


def _ruled(name: str, rules: str, make_schedule: Callable[[], Schedule]) -> Benchmark:
    """Measure a business that uses every rule against the same business without rules."""

    def measure(effort: Effort) -> Sequence[Pair]:
        schedule = make_schedule()
        return time_pairs(effort, warm_call(schedule), warm_call(with_rules(schedule)))

    return Benchmark(
        name=f"engine-50x7-{name}",
        measures=f"every start with its best five, warm caches, {rules}",
        floor="the same without the rules",
        unit=Measure.MS,
        ratio=Ratio.COST,
        target=RULES,
        measure=measure,
    )


def _growth(temperature: str, make_call: Callable[[Schedule], EngineCall]) -> list[Benchmark]:
    """Return the rows that double one dimension."""
    technicians, days, bookings = 100, 14, 6

    def row(what: str, target: float | None, *size: int) -> Benchmark:
        def measure(effort: Effort) -> Sequence[Pair]:
            once, twice = (
                make_call(schedule_of(technicians, days)),
                make_call(schedule_of(*size[:2], bookings_a_day=size[2])),
            )
            return time_pairs(effort, once, twice)

        return Benchmark(
            name=f"engine-growth-{what}-{temperature}",
            measures=f"twice the {what}",
            floor=f"{technicians}x{days}",
            unit=Measure.MS,
            ratio=Ratio.COST,
            target=target,
            measure=measure,
        )

    return [
        row("technicians", GROWTH, 2 * technicians, days, bookings),
        row("days", GROWTH, technicians, 2 * days, bookings),
        row("bookings", GROWTH, technicians, days, 2 * bookings),
    ]


def _held_against(floor: str, prepare: Prepare, *, name: str, measures: str, target: float | None) -> Benchmark:
    def measure(effort: Effort) -> Sequence[Pair]:
        floor_call, our_call = prepare()
        if list(floor_call()) != list(our_call()):
            raise AssertionError(f"{name}: the floor and the engine have different results")
        return time_pairs(effort, floor_call, our_call)

    return Benchmark(
        name=name,
        measures=measures,
        floor=floor,
        unit=Measure.MS,
        ratio=Ratio.SPEEDUP,
        target=target,
        measure=measure,
        is_long=any("{}x{}".format(*size) in name for size in LONG_SIZES),
    )


def warm_call(schedule: Schedule) -> EngineCall:
    """Return a call for all starts within the booking horizon, with warm caches."""
    return partial(_find_slots, Availability.of(schedule, NOW_MS), need_of(schedule))


def cold_call(schedule: Schedule) -> EngineCall:
    """Return the same call with cold caches."""

    def call() -> Slots:
        for cache in CACHES:
            cache.cache_clear()
        return _find_slots(Availability.of(schedule, NOW_MS))

    return call


def _find_slots(availability: Availability, need: Need = NEED) -> Slots:
    return find_slots(availability, need, NOW, end_of(availability.frame.days), best=BEST)
