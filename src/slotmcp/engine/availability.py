"""Availability: an indexed project schedule at one instant. Every search for free time starts here."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from math import inf

from slotmcp.domain.booking_rules import Priority, Reserve, ServiceArea
from slotmcp.domain.catalog import Project
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Minute, minute_at_or_after
from slotmcp.domain.offer import Slot
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.floating_breaks import floating_breaks_on
from slotmcp.engine.frame import Frame, frame_of
from slotmcp.engine.free_slots import FreeSlots
from slotmcp.engine.need import Need
from slotmcp.engine.opening_hours import DateRange, dates_of, working_time
from slotmcp.engine.relocation import Relocation
from slotmcp.engine.timeline import Timeline
from slotmcp.engine.travel import TravelTimes

_MARGIN = timedelta(days=3)
"""Dates indexed beyond the frame, for other time zones, shifts past midnight, and jobs of a whole day."""

_MAX_REDUCED = 16
"""Maximum number of cached indexes in which claims of an index take no time."""

MAX_CACHED_NEEDS = 16
"""Maximum number of needs of an index whose days are cached."""

_ClaimKeys = frozenset[tuple[str, str]]
"""Technician and id of each claim."""

RuleKey = tuple[str, Priority, ServiceArea | None]
"""Service, priority and area: the properties of a need to which rules of the business apply."""


@dataclass(slots=True)
class NeedSlots:
    """Slots of one need, found day by day, with every candidate and regardless of the notice."""

    free: FreeSlots
    """Slots before the rules about the whole team."""
    starts_by_day: dict[int, list[Minute]] = field(default_factory=dict)
    """Starts in order of time, by number of the day in the frame."""
    by_start: dict[Minute, Slot] = field(default_factory=dict)
    allowed: int | None = None
    """Positions that the rules of the service and of the area allow, as bits; None: all."""
    has_daily_maximum: bool = False
    """True if the service has a maximum number of bookings per day."""


class TimelineIndex:
    """Timelines by technician, with the data derived from them."""

    def __init__(
        self,
        timelines: Mapping[str, Timeline],
        schedule: Schedule,
        cached_travel: TravelTimes | None,
        reduced: "TimelineIndex | None" = None,
    ) -> None:
        self.timelines = timelines
        known = None if reduced is None else reduced.relocation
        self.relocation: Relocation = Relocation(timelines, schedule, cached_travel, known)
        """Holds that can move to make room."""
        self.base: TimelineIndex | None = None if reduced is None else reduced.base or reduced
        """Index in which all claims take time, if some take none in this one."""
        self._schedule = schedule
        self._cached_travel = cached_travel
        self._eligible: dict[tuple[frozenset[str], tuple[str, ...]], tuple[Timeline, ...]] = {}
        self._reduced: dict[_ClaimKeys, TimelineIndex] = {}
        self.slots_by_need: dict[Need, NeedSlots] = {}
        """Cache of `engine.slots`."""
        self.free_by_need: dict[Need, FreeSlots] = {}
        """Cache of `engine.slots`: what does not depend on the whole team."""
        self.earlier_free: Mapping[Need, FreeSlots] = {} if reduced is None else reduced.free_by_need
        """Free slots of an earlier index of the same frame and project. Most of their days are the same."""
        self.allowed_by_rule: dict[RuleKey, int] = {}
        """Cache of `engine.rules`. Its keys are the catalog's, so it is as large as the catalog."""
        self.reserve_limits: object = None
        """Cache of `engine.reserve`: the limits of the latest call."""
        self._bookings_by_service: defaultdict[str, Counter[int]] | None = None
        self.first_expiry_ms = min((timeline.first_expiry_ms for timeline in timelines.values()), default=inf)
        """Earliest expiry of a hold in the index."""

    def count_found(self) -> int:
        """Return the number of starts found for all needs. Another thread may be finding more."""
        return sum([len(found.by_start) for found in list(self.slots_by_need.values())])

    @cached_property
    def holds(self) -> tuple[Claim, ...]:
        """Live holds of all technicians."""
        return tuple([hold for timeline in self.timelines.values() for hold in timeline.holds])

    @cached_property
    def reserving(self) -> tuple[tuple[Need, Reserve], ...]:
        """Requirements of an emergency of each service with a reserve, and the reserve."""
        return tuple(
            [
                (Need.of_service(service, priority=Priority.EMERGENCY), reserve)
                for service in self._schedule.services.values()
                for reserve in service.reserves
            ]
        )

    @cached_property
    def caller_keys(self) -> frozenset[str]:
        """Identities that recognize the callers of the live holds."""
        return frozenset().union(*[hold.hold.caller.keys for hold in self.holds if hold.hold is not None])

    def bookings_of(self, service_id: str) -> Mapping[int, int]:
        """Return the number of bookings and live holds of a service, by day of the frame on which they start."""
        if self._bookings_by_service is None:
            self._bookings_by_service = defaultdict(Counter)
            for timeline in self.timelines.values():
                for claim in timeline.claims:
                    self._bookings_by_service[claim.service_id][timeline.frame.day_number(claim.start)] += 1
        return self._bookings_by_service[service_id]

    def known_free(self) -> Mapping[Need, FreeSlots]:
        """Return the free slots of this index and, of needs that it was not searched for, those of the earlier one."""
        known = {**self.earlier_free, **self.free_by_need}
        return known if len(known) <= MAX_CACHED_NEEDS else self.free_by_need

    def eligible(self, need: Need) -> tuple[Timeline, ...]:
        """Return the timelines of technicians with the skills who serve the area.

        Of a requested technician, return only that one's.
        """
        serving = () if need.area is None else need.area.technician_ids
        eligible = self._eligible.get((need.skills, serving))
        if eligible is None:
            eligible = self._eligible[need.skills, serving] = tuple(
                timeline
                for timeline in self.timelines.values()
                if need.skills <= (technician := timeline.technician_schedule.technician).skills
                and (not serving or technician.id in serving)
            )
        if need.technician_id is None:
            return eligible
        return tuple(
            timeline for timeline in eligible if timeline.technician_schedule.technician.id == need.technician_id
        )

    def without(self, claims: Sequence[Claim]) -> "TimelineIndex":
        """Return an index in which these claims take no time."""
        keys = frozenset((claim.technician_id, claim.id) for claim in claims if claim.technician_id in self.timelines)
        if keys and keys not in self._reduced:
            if len(self._reduced) >= _MAX_REDUCED:
                self._reduced.clear()
            self._reduced[keys] = self._reduce(keys)
        return self._reduced[keys] if keys else self

    def _reduce(self, keys: _ClaimKeys) -> "TimelineIndex":
        ids_by_technician: dict[str, set[str]] = defaultdict(set)
        for technician_id, claim_id in keys:
            ids_by_technician[technician_id].add(claim_id)
        changed = {name: self.timelines[name].without(ids) for name, ids in ids_by_technician.items()}
        return TimelineIndex({**self.timelines, **changed}, self._schedule, self._cached_travel, self)


@dataclass(frozen=True, slots=True, eq=False)
class Availability:
    """An indexed project schedule at one instant."""

    schedule: Schedule
    now_ms: int
    frame: Frame
    index: TimelineIndex
    cached_travel: TravelTimes | None = None
    """Travel times cached from a routing service; None: all are estimated."""

    @classmethod
    def of(
        cls,
        schedule: Schedule,
        now_ms: int,
        previous: "Availability | None" = None,
        cached_travel: TravelTimes | None = None,
        built: Mapping[str, Timeline] | None = None,
    ) -> "Availability":
        """Index a schedule, reusing the timelines of a previous availability that are still valid.

        A timeline is valid while project and date are equal, the technician's schedule is the same object, and no hold
        has expired. `built` are those of `new_timelines`, by technician.
        """
        frame = _frame_at(schedule, now_ms)
        known: Mapping[str, Timeline] = {}
        if previous is not None and previous._is_reusable(schedule.project, frame, now_ms):  # noqa: SLF001  same class
            if previous.schedule is schedule and now_ms < previous.index.first_expiry_ms:
                return cls(schedule, now_ms, frame, previous.index, previous.cached_travel)
            known = previous.index.timelines
        index = _index(schedule, frame, now_ms, {**known, **built} if built else known, cached_travel)
        if previous is not None and known:
            index.earlier_free = previous.index.known_free()
        return cls(schedule, now_ms, frame, index, cached_travel)

    def is_usable_at(self, now_ms: int) -> bool:
        """Return whether timelines without expired holds are still valid at an instant: on the same date, not before.

        They do not depend on time otherwise.
        """
        first, following = self.frame.midnights[:2]
        return self.now_ms <= now_ms and first <= now_ms // MS_PER_MINUTE < following

    @property
    def earliest_start(self) -> Minute:
        """First minute that the minimum notice of the project, or a shorter one of a service, allows (rule 15)."""
        notices = [
            service.min_notice_minutes
            for service in self.schedule.services.values()
            if service.min_notice_minutes is not None
        ]
        return minute_at_or_after(self.now_ms) + min([self.schedule.project.min_notice_minutes, *notices])

    def earliest_start_of(self, need: Need) -> Minute:
        """Return the first minute that the minimum notice of the need's service allows (rule 15)."""
        service = self.schedule.services.get(need.service_id)
        notice = None if service is None else service.min_notice_minutes
        return minute_at_or_after(self.now_ms) + (
            self.schedule.project.min_notice_minutes if notice is None else notice
        )

    def horizon_end_of(self, need: Need) -> Minute:
        """Return the end of the last date that the horizon of the need's service allows (rule 16)."""
        service = self.schedule.services.get(need.service_id)
        days = None if service is None else service.horizon_days
        return self.frame.midnights[(self.schedule.project.horizon_days if days is None else days) + 1]

    def last_day_of(self, need: Need) -> date:
        """Return the last date that the horizon of the need's service allows (rule 16)."""
        return self.frame.first_day + timedelta(days=self.frame.day_number(self.horizon_end_of(need) - 1))

    def is_bookable_start(self, need: Need, start: Minute) -> bool:
        """Return whether notice, horizon and, with clock alignment, the grid allow a start (rules 13, 15 and 16)."""
        return self.earliest_start_of(need) <= start < self.horizon_end_of(need) and self.frame.contains(start)

    def without(self, *claims: Claim) -> "Availability":
        """Return an availability in which these claims take no time."""
        return replace(self, index=self.index.without(claims)) if claims else self

    def detached(self) -> "Availability":
        """Return the same availability with an index of its own, which another thread can use."""
        return replace(self, index=TimelineIndex(self.index.timelines, self.schedule, self.cached_travel))

    def _is_reusable(self, project: Project, frame: Frame, now_ms: int) -> bool:
        return self.frame is frame and self.schedule.project == project and self.now_ms <= now_ms


def _frame_at(schedule: Schedule, now_ms: int) -> Frame:
    return frame_of(schedule.project, now_ms // MS_PER_MINUTE, longest_horizon_days(schedule))


def longest_horizon_days(schedule: Schedule) -> int:
    """Return the longest horizon of the project and its services."""
    own = [service.horizon_days for service in schedule.services.values() if service.horizon_days is not None]
    return max([schedule.project.horizon_days, *own])


def _index(
    schedule: Schedule, frame: Frame, now_ms: int, known: Mapping[str, Timeline], cached_travel: TravelTimes | None
) -> TimelineIndex:
    new = dict(_new_timelines(schedule, frame, now_ms, known))
    timelines = {
        technician_id: new[technician_id] if technician_id in new else known[technician_id]
        for technician_id in schedule.technician_schedules
    }
    return TimelineIndex(timelines, schedule, cached_travel)


def new_timelines(schedule: Schedule, now_ms: int, previous: Availability | None) -> Iterator[tuple[str, Timeline]]:
    """Yield, with the technician's id, each timeline that an availability cannot reuse, as soon as it is built.

    Many of them take hundreds of milliseconds, so that a server builds a few at a time.
    """
    frame = _frame_at(schedule, now_ms)
    is_reusable = previous is not None and previous._is_reusable(schedule.project, frame, now_ms)  # noqa: SLF001  same module
    known = previous.index.timelines if previous is not None and is_reusable else {}
    return _new_timelines(schedule, frame, now_ms, known)


def _new_timelines(
    schedule: Schedule, frame: Frame, now_ms: int, known: Mapping[str, Timeline]
) -> Iterator[tuple[str, Timeline]]:
    dates = _dates(schedule.project, frame, frame.days)
    for technician_id, technician_schedule in schedule.technician_schedules.items():
        if (
            technician_id not in known
            or known[technician_id].technician_schedule is not technician_schedule
            or known[technician_id].first_expiry_ms <= now_ms
        ):
            previous = known.get(technician_id)
            yield technician_id, _timeline(technician_schedule, schedule.project, frame, dates, now_ms, previous)


def _timeline(  # noqa: PLR0913, PLR0917  what a timeline consists of
    technician_schedule: TechnicianSchedule,
    project: Project,
    frame: Frame,
    dates: DateRange,
    now_ms: int,
    previous: Timeline | None,
) -> Timeline:
    live = technician_schedule.claims
    if held := [claim for claim in live if claim.expires_at_ms is not None]:
        live = tuple(claim for claim in live if claim.is_live(now_ms))
        held_days = max(frame.day_number(claim.start) + 1 for claim in held)
        if held_days > frame.days:  # the horizon was shortened; holds beyond it stay promised (rule 20)
            dates = _dates(project, frame, held_days)
    technician = technician_schedule.technician
    floating = floating_breaks_on(technician, dates) if technician.floating_breaks else None
    hours = working_time(technician, dates)
    if previous is not None and not (
        previous.working_time == hours
        and previous.technician_schedule.technician is technician
        and previous.technician_schedule.busy is technician_schedule.busy
    ):
        previous = None
    return Timeline(technician_schedule, frame, hours, live, floating, previous=previous)


def _dates(project: Project, frame: Frame, days: int) -> DateRange:
    first, last = frame.first_day - _MARGIN, frame.first_day + timedelta(days=days - 1) + _MARGIN
    return dates_of(project, first, last)
