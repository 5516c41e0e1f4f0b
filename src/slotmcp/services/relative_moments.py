"""Days in words, resolved by the current time in the caller's zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, MS_PER_SECOND, Minute
from slotmcp.domain.moment import EitherDay, Moment, PartOfDay, RelativeMoment, WallDate, WallTime
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.engine.zones import instants_at, utc_to_wall, wall_minute_to_utc
from slotmcp.services.day_parts import spans_of_day

_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class LocalClock:
    """Current time in a zone, with the business's parts of the day."""

    zone_key: str
    now_ms: int
    parts_of_day: PartsOfDay

    @property
    def now(self) -> datetime:
        """Local time, to the minute."""
        return utc_to_wall(self.zone_key, self.now_ms // MS_PER_MINUTE)

    @property
    def today(self) -> date:
        """Local date."""
        return self.now.date()

    def resolve(self, moment: RelativeMoment, *, is_end: bool = False) -> Moment | EitherDay:
        """Return the moment that the words mean, or both that they can mean.

        Args:
            moment: the words.
            is_end: for a part of the day, return its end instead of its start.
        """
        days = self._days(moment)
        moments = [self._on(day, moment, is_end=is_end) for day in days]
        if not moment.is_next:
            return moments[0]
        return EitherDay(moments[0], moments[1], (days[0], days[1]), moment.part)

    def _days(self, moment: RelativeMoment) -> list[date]:
        if moment.weekday is None:
            return [self.today + timedelta(days=moment.days_ahead)]
        first = self.today + timedelta(days=(moment.weekday - self.today.weekday()) % 7)
        is_over = first == self.today and (moment.is_next or not self._is_ahead(moment))
        day = first + _WEEK if is_over else first
        return [day, day + _WEEK] if moment.is_next else [day]

    def _is_ahead(self, moment: RelativeMoment) -> bool:
        """Return whether the time of day, or the end of the part of the day, is still ahead today."""
        if moment.clock is not None:
            at = datetime.combine(self.today, moment.clock)
            instants = instants_at(self.zone_key, at)
            if not instants:
                return at > self.now.replace(tzinfo=None)
            return max(instant.timestamp() for instant in instants) * MS_PER_SECOND > self.now_ms
        return moment.part is not None and self._part(self.today, moment.part)[1] * MS_PER_MINUTE > self.now_ms

    def _on(self, day: date, moment: RelativeMoment, *, is_end: bool) -> Moment:
        if moment.clock is not None:
            return WallTime(datetime.combine(day, moment.clock))
        return WallDate(day) if moment.part is None else self._part(day, moment.part)[is_end]

    def _part(self, day: date, part: PartOfDay) -> tuple[Minute, Minute]:
        """Return the part of a date; night lasts until the morning of the next date."""
        parts = self.parts_of_day
        night = parts.evening.end_minute, parts.morning.start_minute + MINUTES_PER_DAY
        start, end = night if part is PartOfDay.NIGHT else dict(spans_of_day(parts))[part]
        return wall_minute_to_utc(self.zone_key, day, start), wall_minute_to_utc(self.zone_key, day, end)
