"""Recurrences over local dates (rules 2, 5 and 6), by testing each date against every part of RFC 5545."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

from slotmcp.domain.recurrence import WeeklySpan

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NUMBERED = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")
ONE_DAY = timedelta(days=1)


def starts_on(weekly: WeeklySpan, today: date) -> bool:
    """Return whether a recurring span starts on a date."""
    if weekly.valid_from is not None and today < weekly.valid_from:
        return False
    if weekly.valid_until is not None and today > weekly.valid_until:
        return False
    if weekly.rrule:
        assert weekly.valid_from is not None
        return recurs(weekly.rrule, weekly.valid_from, today)
    if weekly.every_weeks > 1:
        assert weekly.valid_from is not None
        weeks = (monday_of(today) - monday_of(weekly.valid_from)).days // 7
        return today.weekday() in weekly.days and weeks % weekly.every_weeks == 0
    return today.weekday() in weekly.days


def monday_of(day: date) -> date:
    while day.weekday() != 0:
        day -= ONE_DAY
    return day


def recurs(rule: str, first: date, today: date) -> bool:
    """Return whether a rule recurs on a date."""
    return today in recurring_dates(rule, first, today.year)


@lru_cache(maxsize=1024)
def recurring_dates(rule: str, first: date, last_year: int) -> frozenset[date]:
    """Return all dates of a rule from its first date to the end of a year."""
    parts = dict(part.split("=") for part in rule.split(";"))
    day, dates = date(first.year, 1, 1), list[date]()
    while day.year <= last_year:
        if matches(parts, first, day) and is_at_position(parts, first, day):
            dates.append(day)
        day += ONE_DAY
    found = [one for one in dates if one >= first]
    if "COUNT" in parts:
        found = found[: int(parts["COUNT"])]
    if "UNTIL" in parts:
        found = [one for one in found if f"{one:%Y%m%d}" <= parts["UNTIL"]]
    return frozenset(found)


def matches(parts: dict[str, str], first: date, day: date) -> bool:
    """Return whether a date is in a period of the rule and satisfies all parts except BYSETPOS."""
    if period_number(parts, day, first) % int(parts.get("INTERVAL", 1)):
        return False
    if "BYMONTH" in parts and day.month not in numbers(parts, "BYMONTH"):
        return False
    if not all(is_number_of(*counted(parts, name, day), parts, name) for name in NUMBERED if name in parts):
        return False
    if "BYDAY" in parts:
        return any(is_weekday(parts, item, day) for item in parts["BYDAY"].split(","))
    return is_default(parts, first, day)


def counted(parts: dict[str, str], name: str, day: date) -> tuple[int, int]:
    """Return the number of days or weeks that a part counts, and the number of a date among them."""
    if name == "BYWEEKNO":
        return week_of(parts, day)
    if name == "BYYEARDAY":
        return int(f"{date(day.year, 12, 31):%j}"), int(f"{day:%j}")
    next_month = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return (next_month - day.replace(day=1)).days, day.day


def is_default(parts: dict[str, str], first: date, day: date) -> bool:
    """Take the missing parts from the first date."""
    if {"BYMONTHDAY", "BYYEARDAY"} & parts.keys():
        return True
    match parts["FREQ"]:
        case "YEARLY" if "BYWEEKNO" not in parts:
            return day.day == first.day and ("BYMONTH" in parts or day.month == first.month)
        case "MONTHLY":
            return day.day == first.day
        case "WEEKLY" | "YEARLY":
            return day.weekday() == first.weekday()
    return True


def period_number(parts: dict[str, str], day: date, first: date) -> int:
    """Count the days, weeks, months or years from that of the first date."""
    match parts["FREQ"]:
        case "DAILY":
            return (day - first).days
        case "WEEKLY":
            return (start_of_week(parts, day) - start_of_week(parts, first)).days // 7
        case "MONTHLY":
            return (day.year - first.year) * 12 + day.month - first.month
    return day.year - first.year


def start_of_week(parts: dict[str, str], day: date) -> date:
    while WEEKDAYS[day.weekday()] != parts.get("WKST", "MO"):
        day -= ONE_DAY
    return day


def week_of(parts: dict[str, str], day: date) -> tuple[int, int]:
    """Return the number of weeks of the year of a date's week, and the week's number. A week has the year of most days.

    Week 1 is the first with at least four days in the year.
    """
    fourth = start_of_week(parts, day) + timedelta(days=3)
    number, last = fourth.timetuple().tm_yday, date(fourth.year, 12, 31)
    while last.weekday() != fourth.weekday():
        last -= ONE_DAY
    return (last.timetuple().tm_yday + 6) // 7, (number + 6) // 7


def is_weekday(parts: dict[str, str], item: str, day: date) -> bool:
    if WEEKDAYS[day.weekday()] != item[-2:]:
        return False
    if len(item) == 2:
        return True
    is_of_month = parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts
    same = [one for one in days_around(day, is_of_month=is_of_month) if one.weekday() == day.weekday()]
    number = int(item[:-2])
    return number in {same.index(day) + 1, same.index(day) - len(same)}


@lru_cache(maxsize=4096)
def days_around(day: date, *, is_of_month: bool) -> Sequence[date]:
    days = [date(day.year, 1, 1) + timedelta(days=number) for number in range(366)]
    return tuple(one for one in days if one.year == day.year and (one.month == day.month or not is_of_month))


def is_at_position(parts: dict[str, str], first: date, day: date) -> bool:
    if "BYSETPOS" not in parts:
        return True
    days = days_around(day, is_of_month=parts["FREQ"] == "MONTHLY")
    chosen = [one for one in days if matches(parts, first, one)]
    return is_number_of(len(chosen), chosen.index(day) + 1, parts, "BYSETPOS")


def is_number_of(total: int, number: int, parts: dict[str, str], name: str) -> bool:
    """Return whether a part names a number, counted from the start or from the end."""
    return not numbers(parts, name).isdisjoint({number, number - total - 1})


def numbers(parts: dict[str, str], name: str) -> set[int]:
    return {int(item) for item in parts[name].split(",")}
