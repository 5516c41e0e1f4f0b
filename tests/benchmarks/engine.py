"""Every start with its capacity and its best five candidates: the engine against a naive scan and merged + bisect."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from benchmarks import baselines
from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.schedules import NOW, NOW_MS, REPAIR, book_of, end_of
from benchmarks.timing import time_pairs
from slotmcp.domain.schedule import Schedule
from slotmcp.engine import frame, opening_hours, timeline
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import find_slots

BEST = 5
NEED = Need.of_service(REPAIR)

SIZES = ((5, 7), (50, 7), (500, 7), (50, 31), (500, 31))
"""Technicians and days."""
TOO_SLOW_TO_SCAN = (500, 31)
WARM_TARGETS = {(50, 7): 20, (500, 7): 60}
GROWTH = 2
"""Twice the technicians or days take at most twice the time, and a little where the answer outgrows a cache."""

CACHES = [
    value
    for module in (frame, opening_hours, timeline)
    for value in vars(module).values()
    if hasattr(value, "cache_clear") and value.__module__ == module.__name__
]
"""What the engine remembers of projects and technicians. When midnight is in a zone is no such thing, and stays."""

Answer = Sequence[tuple[object, ...]]
Ask = Callable[[], Answer]
MakeReady = Callable[[], tuple[Ask, Ask]]
"""Makes what is asked: the floor's, and ours."""


def rows() -> list[Benchmark]:
    """One row a size and temperature, and how time grows."""
    sized = [row for size in SIZES for row in (_warm(*size), _cold(*size))]
    scanned = [_scanned(*size) for size in SIZES if size != TOO_SLOW_TO_SCAN]
    return [
        *sized,
        *scanned,
        _changed(50, 7),
        _changed(500, 7),
        *_growth("warm", _asked),
        *_growth("cold", _asked_cold),
    ]


def _warm(technicians: int, days: int) -> Benchmark:
    def ready() -> tuple[Ask, Ask]:
        schedule = book_of(technicians, days)
        return partial(baselines.bisect, baselines.build(schedule, NOW), REPAIR, BEST), _asked(schedule)

    return _held_against(
        "merged + bisect, built before",
        ready,
        name=f"engine-{technicians}x{days}-warm",
        measures="every start with its best five, asked before",
        target=WARM_TARGETS.get((technicians, days)),
    )


def _cold(technicians: int, days: int) -> Benchmark:
    def ready() -> tuple[Ask, Ask]:
        schedule = book_of(technicians, days)
        return lambda: baselines.bisect(baselines.build(schedule, NOW), REPAIR, BEST), _asked_cold(schedule)

    return _held_against(
        "merged + bisect, built from the same book",
        ready,
        name=f"engine-{technicians}x{days}-cold",
        measures="the same for a book never seen",
        target=1,
    )


def _scanned(technicians: int, days: int) -> Benchmark:
    def ready() -> tuple[Ask, Ask]:
        schedule = book_of(technicians, days)
        return partial(baselines.scan, baselines.build(schedule, NOW), REPAIR, BEST), _asked(schedule)

    return _held_against(
        "naive scan, built before",
        ready,
        name=f"engine-{technicians}x{days}-scan",
        measures="every start with its best five, asked before",
        target=None,
    )


def _changed(technicians: int, days: int) -> Benchmark:
    """What a booking costs the next question: one diary is new, and so is all that rests on it."""

    def ready() -> tuple[Ask, Ask]:
        schedule = book_of(technicians, days)
        technician_schedule = next(iter(schedule.technician_schedules.values()))
        less = replace(technician_schedule, claims=technician_schedule.claims[:-1])
        after = replace(
            schedule,
            technician_schedules={**schedule.technician_schedules, technician_schedule.technician.id: less},
            revision=2,
        )
        built, known = baselines.build(schedule, NOW), Availability.of(schedule, NOW_MS)
        _ask(known)
        return (
            lambda: baselines.bisect(baselines.rebuild(built, after, less, NOW), REPAIR, BEST),
            lambda: _ask(Availability.of(after, NOW_MS, known)),
        )

    return _held_against(
        "merged + bisect, that diary built anew",
        ready,
        name=f"engine-{technicians}x{days}-changed",
        measures="the same after one diary has changed",
        target=None,
    )


def _growth(temperature: str, asked: Callable[[Schedule], Ask]) -> list[Benchmark]:
    """What twice as much of something costs."""
    technicians, days, bookings = 100, 14, 6

    def row(what: str, target: float | None, *size: int) -> Benchmark:
        def measure(effort: Effort) -> Sequence[Pair]:
            once, twice = asked(book_of(technicians, days)), asked(book_of(*size[:2], bookings_a_day=size[2]))
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
        row("bookings", None, technicians, days, 2 * bookings),
    ]


def _held_against(floor: str, ready: MakeReady, *, name: str, measures: str, target: float | None) -> Benchmark:
    def measure(effort: Effort) -> Sequence[Pair]:
        theirs, ours = ready()
        if list(theirs()) != list(ours()):
            raise AssertionError(f"{name}: the floor and the engine answer differently")
        return time_pairs(effort, theirs, ours)

    return Benchmark(
        name=name, measures=measures, floor=floor, unit=Measure.MS, ratio=Ratio.SPEEDUP, target=target, measure=measure
    )


def _asked(schedule: Schedule) -> Ask:
    """The engine's answer for all days on which the business takes bookings, again and again."""
    return partial(_ask, Availability.of(schedule, NOW_MS))


def _asked_cold(schedule: Schedule) -> Ask:
    """The same, each time as if the book had never been seen."""

    def ask() -> Answer:
        for cache in CACHES:
            cache.cache_clear()
        return _ask(Availability.of(schedule, NOW_MS))

    return ask


def _ask(availability: Availability) -> Answer:
    return find_slots(availability, NEED, NOW, end_of(availability.frame.days), best=BEST)
