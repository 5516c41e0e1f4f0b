"""Recurrence rules over local dates: the parts of RFC 5545 that make sense for dates.

A rule is evaluated one calendar year at a time. The cost is bounded, also for a rule that never yields a date.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

MAX_INTERVAL: Final = 1000
MAX_COUNT: Final = 1000
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_EXAMPLE: Final = "FREQ=MONTHLY;BYDAY=1MO"
_FAR: Final = 10_000
"""Number of years after which no date exists. As the interval of a rule, it leaves one period."""
_MONTHS_PER_YEAR: Final = 12
_DAYS_PER_WEEK: Final = 7
_LAST_WEEK, _LAST_DAY = 53, 366


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """Parts of a recurrence rule, named as in RFC 5545. An empty part is absent."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    bymonth: tuple[int, ...] = ()
    bymonthday: tuple[int, ...] = ()
    byyearday: tuple[int, ...] = ()
    byweekno: tuple[int, ...] = ()
    byday: tuple[tuple[int, int], ...] = ()
    """Days of the week, Monday is 0, each with its number in the month or year; 0: all."""
    bysetpos: tuple[int, ...] = ()
    wkst: int = 0
    """First day of a week, Monday is 0."""


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> RecurrenceRule:
    """Return the parts of a rule such as "FREQ=MONTHLY;BYDAY=1MO".

    Raises:
        ValueError: the rule is invalid; the message states the valid form.
    """
    parts: dict[str, Any] = {}
    for part in text.split(";"):
        name, separator, value = part.partition("=")
        if not separator:
            raise ValueError(f'write parts such as FREQ=WEEKLY, separated by semicolons, such as "{_EXAMPLE}"')
        if name not in _READERS:
            raise ValueError(f"{name[:40]} is not supported; the parts are {', '.join(_READERS)}")
        if name.lower() in parts:
            raise ValueError(f"{name} is there twice; keep one of them")
        parts[name.lower()] = _READERS[name](name, value)
    if "freq" not in parts:
        raise ValueError(f'FREQ is missing; add it, such as "{_EXAMPLE}"')
    rule = RecurrenceRule(**parts)
    _check(rule)
    return rule


@lru_cache(maxsize=8192)
def dates_of_year(rule: str, first: date, year: int) -> frozenset[date]:
    """Return the dates of a year on which a rule recurs, from a first date on. Cached, because technicians share rules.

    Raises:
        ValueError: the rule is invalid.
    """
    parsed = parse_rule(rule)
    days = _matching(rule, first, year)
    if parsed.count is not None:
        used = sum(len(_matching(rule, first, earlier)) for earlier in range(first.year, year))
        days = days[: max(0, parsed.count - used)]
    return frozenset(days)


def dates_of_rule(rule: str, first: date, start: date, end: date) -> list[date]:
    """Return the dates between two others, both inclusive, on which a rule recurs, in order."""
    years = range(max(start, first).year, end.year + 1)
    return sorted(day for year in years for day in dates_of_year(rule, first, year) if start <= day <= end)


@lru_cache(maxsize=8192)
def _matching(text: str, first: date, year: int) -> tuple[date, ...]:
    """Return the dates of a year that match a rule, in order, regardless of COUNT."""
    rule = parse_rule(text)
    last = date.max if rule.until is None else rule.until
    return tuple(day for day in _candidates(rule, first, year) if first <= day <= last)


def _candidates(rule: RecurrenceRule, first: date, year: int) -> Iterator[date]:
    match rule.freq:
        case "DAILY":
            return (day for day in _within_year(rule, year) if (day - first).days % rule.interval == 0)
        case "WEEKLY":
            week, days = _week_number(first, rule.wkst), _within_year(rule, year, weekday=first.weekday())
            return (day for day in days if (_week_number(day, rule.wkst) - week) % rule.interval == 0)
        case "MONTHLY":
            return _months(rule, first, year)
        case _:
            return _year(rule, first, year)


def _within_year(rule: RecurrenceRule, year: int, weekday: int | None = None) -> Iterator[date]:
    """Yield the dates of a year that match the filters of a daily or weekly rule, by default those of a weekday."""
    byday = rule.byday or ([(weekday, 0)] if weekday is not None else [(day, 0) for day in range(_DAYS_PER_WEEK)])
    return _expand("YEARLY", date(year, 1, 1), bymonth=rule.bymonth, bymonthday=rule.bymonthday, byday=byday)


def _months(rule: RecurrenceRule, first: date, year: int) -> Iterator[date]:
    bymonthday = rule.bymonthday or (() if rule.byday else (first.day,))
    for month in rule.bymonth or range(1, _MONTHS_PER_YEAR + 1):
        if ((year - first.year) * _MONTHS_PER_YEAR + month - first.month) % rule.interval == 0:
            yield from _expand(
                "MONTHLY", date(year, month, 1), bymonthday=bymonthday, byday=rule.byday, bysetpos=rule.bysetpos
            )


def _year(rule: RecurrenceRule, first: date, year: int) -> Iterator[date]:
    if (year - first.year) % rule.interval:
        return iter(())
    bymonth, bymonthday = rule.bymonth, rule.bymonthday
    if not (rule.byweekno or rule.byyearday or bymonthday or rule.byday):
        bymonth, bymonthday = bymonth or (first.month,), (first.day,)
    is_whole_week = rule.byweekno and not (rule.byyearday or bymonthday or rule.byday)
    return _expand(
        "YEARLY",
        date(year, 1, 1),
        bymonth=bymonth,
        bymonthday=bymonthday,
        byyearday=rule.byyearday,
        byweekno=rule.byweekno,
        byday=[(first.weekday(), 0)] if is_whole_week else rule.byday,
        bysetpos=rule.bysetpos,
        wkst=rule.wkst,
    )


def _expand(freq: str, start: date, *, byday: Any = (), wkst: int = 0, **parts: Any) -> Iterator[date]:  # noqa: ANN401
    """Yield the dates of the one period that begins at a date."""
    from dateutil import rrule  # noqa: PLC0415  most projects have no rules

    is_year = freq == "YEARLY"
    weekdays = [rrule.weekdays[day](number) if number else rrule.weekdays[day] for day, number in byday]
    return (
        at.date()
        for at in rrule.rrule(
            rrule.YEARLY if is_year else rrule.MONTHLY,
            dtstart=datetime(start.year, start.month, start.day),  # noqa: DTZ001  a wall time
            interval=_FAR if is_year else _FAR * _MONTHS_PER_YEAR,
            byweekday=weekdays or None,
            wkst=wkst,
            **{name: values for name, values in parts.items() if values},
        )
    )


def _week_number(day: date, week_start: int) -> int:
    """Return the number of a week, counted over all years."""
    return (day.toordinal() - 1 - week_start) // _DAYS_PER_WEEK


def _frequency(name: str, value: str) -> str:
    if value in _FREQUENCIES:
        return value
    raise ValueError(f"write {name}={', '.join(_FREQUENCIES[:-1])} or {_FREQUENCIES[-1]}; a rule is about dates")


def _number(most: int) -> Callable[[str, str], int]:
    def read(name: str, value: str) -> int:
        if re.fullmatch(r"[0-9]{1,6}", value) and 1 <= int(value) <= most:
            return int(value)
        raise ValueError(f"write {name} as a whole number from 1 to {most}, such as {name}=2")

    return read


def _numbers(most: int, *, negative: bool = True) -> Callable[[str, str], tuple[int, ...]]:
    sign = "[+-]?" if negative else ""

    def read(name: str, value: str) -> tuple[int, ...]:
        items = value.split(",")
        if all(re.fullmatch(rf"{sign}[0-9]{{1,3}}", item) and 1 <= abs(int(item)) <= most for item in items):
            return tuple(sorted(set(map(int, items))))
        below = f", or from -{most} to -1 to count from the end" if negative else ""
        raise ValueError(f"write {name} as numbers from 1 to {most}{below}, such as {name}=1,3")

    return read


def _weekday(name: str, value: str) -> int:
    if value in _WEEKDAYS:
        return _WEEKDAYS.index(value)
    raise ValueError(f"write {name} as one of {', '.join(_WEEKDAYS)}")


def _weekdays(name: str, value: str) -> tuple[tuple[int, int], ...]:
    found = [re.fullmatch(rf"([+-]?[0-9]{{1,2}})?({'|'.join(_WEEKDAYS)})", item) for item in value.split(",")]
    days = [(_WEEKDAYS.index(match[2]), int(match[1] or 0)) for match in found if match]
    is_numbered = all(match and (match[1] is None or 1 <= abs(int(match[1])) <= _LAST_WEEK) for match in found)
    if len(days) == len(found) and is_numbered:
        return tuple(sorted(set(days)))
    raise ValueError(f"write {name} as days, such as {name}=MO,FR, or as numbered days, such as {name}=1MO or -1FR")


def _until(name: str, value: str) -> date:
    if re.fullmatch(r"[0-9]{8}", value):
        try:
            return date.fromisoformat(f"{value[:4]}-{value[4:6]}-{value[6:]}")
        except ValueError:
            raise ValueError(f"there is no date {value}; write an existing one, such as {name}=20271231") from None
    raise ValueError(f"write {name} as a date without a time, such as {name}=20271231")


_READERS: Final[Mapping[str, Callable[[str, str], object]]] = {
    "FREQ": _frequency,
    "INTERVAL": _number(MAX_INTERVAL),
    "COUNT": _number(MAX_COUNT),
    "UNTIL": _until,
    "BYDAY": _weekdays,
    "BYMONTH": _numbers(_MONTHS_PER_YEAR, negative=False),
    "BYMONTHDAY": _numbers(31),
    "BYYEARDAY": _numbers(_LAST_DAY),
    "BYWEEKNO": _numbers(_LAST_WEEK),
    "BYSETPOS": _numbers(_LAST_DAY),
    "WKST": _weekday,
}


def _check(rule: RecurrenceRule) -> None:
    """Reject combinations that RFC 5545 excludes, or that have no meaning for dates."""
    if rule.count is not None and rule.until is not None:
        raise ValueError("COUNT and UNTIL exclude each other; keep one of them")
    if rule.byweekno and rule.freq != "YEARLY":
        raise ValueError("BYWEEKNO needs FREQ=YEARLY")
    if rule.byyearday and rule.freq != "YEARLY":
        raise ValueError("BYYEARDAY needs FREQ=YEARLY")
    if rule.bymonthday and rule.freq == "WEEKLY":
        raise ValueError("BYMONTHDAY cannot be combined with FREQ=WEEKLY; use FREQ=MONTHLY")
    is_numbered = any(number for _, number in rule.byday)
    if is_numbered and (rule.freq not in {"MONTHLY", "YEARLY"} or rule.byweekno):
        raise ValueError("numbered days such as 1MO need FREQ=MONTHLY or YEARLY, without BYWEEKNO")
    if is_numbered and not all(number for _, number in rule.byday):
        raise ValueError("BYDAY mixes numbered days and others; number all of them, such as BYDAY=1MO,1FR, or none")
    if rule.bysetpos and rule.freq not in {"MONTHLY", "YEARLY"}:
        raise ValueError("BYSETPOS needs FREQ=MONTHLY or YEARLY")
    if rule.bysetpos and not (rule.byday or rule.bymonthday or rule.byyearday or rule.byweekno or rule.bymonth):
        raise ValueError("BYSETPOS needs a set to choose from; add a part such as BYDAY=MO,TU,WE,TH,FR")
