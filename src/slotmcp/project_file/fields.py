"""The values that a project file knows, each by its name."""

import re
from datetime import date
from typing import Annotated

from slotmcp.project_file import times
from slotmcp.project_file.field_types import FieldType, as_text, found, number, wall
from slotmcp.project_file.places import check_region, check_zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BOOKING_ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:-]*"
LOCALE_PATTERN = r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?"
MAX_BOOKING_ID = 100
VARIABLE_PATTERN = r"[A-Z][A-Z0-9_]{0,99}"
EMAIL_PATTERN = r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+"


def _booking_id(value: object) -> str:
    word = as_text(value, "write the booking's id as text", "b-1")
    if re.fullmatch(BOOKING_ID_PATTERN, word) and len(word) <= MAX_BOOKING_ID:
        return word
    raise ValueError(
        f"write a booking's id in letters, digits, hyphens, dots and colons, at most {MAX_BOOKING_ID}, such as b-1"
    )


def _zone(value: object) -> str:
    return check_zone(as_text(value, "write the IANA name of a zone", "America/Denver"))


def _locale(value: object) -> str:
    word = as_text(value, "write a language and country", "en-US")
    if re.fullmatch(LOCALE_PATTERN, word):
        return word
    meant = word.replace("_", "-")
    example = meant if re.fullmatch(LOCALE_PATTERN, meant) else "en-US"
    raise ValueError(f"write a language and country, such as {example}; {found(value)}")


def _variable(value: object) -> str:
    word = as_text(value, "write the name of a variable of the environment", "CALCOM_API_KEY")
    if re.fullmatch(VARIABLE_PATTERN, word):
        return word
    # what stands here may be the secret itself: it is not told again
    raise ValueError(
        "write the name of the variable that holds the secret, in capitals, such as CALCOM_API_KEY; never the secret"
    )


def _email(value: object) -> str:
    word = as_text(value, "write an e-mail address as text", "ana@example.com").strip().casefold()
    if re.fullmatch(EMAIL_PATTERN, word):
        return word
    raise ValueError(f"write an e-mail address, such as ana@example.com; {found(value)}")


def _day(value: object) -> int:
    if value in DAYS:
        return DAYS.index(str(value))
    if isinstance(value, str) and value[:3].lower() in DAYS:
        raise ValueError(f"write {value[:3].lower()}; the days are {', '.join(DAYS)}")
    raise ValueError(f"write a day: {', '.join(DAYS)}; {found(value)}")


def _holiday(value: object) -> str | date:
    word = as_text(value, "write a country or a date", "US")
    return times.parse_date(word) if word[:1].isdigit() else check_region(word)


def _yes_or_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"write true or false; {found(value)}")


ZoneName = Annotated[str, FieldType(_zone, {"type": "string"})]
Locale = Annotated[str, FieldType(_locale, {"type": "string", "pattern": f"^{LOCALE_PATTERN}$"})]
Day = Annotated[int, FieldType(_day, {"enum": list(DAYS)})]
Holiday = Annotated[
    str | date, FieldType(_holiday, {"type": "string", "pattern": rf"^(?:[A-Z]{{2}}(?:-\w+)?|{times.DATE_PATTERN})$"})
]
YesOrNo = Annotated[bool, FieldType(_yes_or_no, {"type": "boolean"})]
Clock = Annotated[int, wall(times.parse_clock, "a time", "08:00", times.CLOCK_PATTERN)]
PlainDate = Annotated[date, wall(times.parse_date, "a date", "2026-11-27", times.DATE_PATTERN)]
AnyDate = Annotated[date | times.RelativeDay, wall(times.parse_day, "a date", "2026-11-27", times.DAY_PATTERN)]
AnyMoment = Annotated[
    times.TimeExpression, wall(times.parse_moment, "a date and time", "2026-11-23T09:00", times.MOMENT_PATTERN)
]
BookingId = Annotated[
    str, FieldType(_booking_id, {"type": "string", "pattern": f"^{BOOKING_ID_PATTERN}$", "maxLength": MAX_BOOKING_ID})
]
Latitude = Annotated[float, number("degrees", -90, 90, 39.7392)]
Longitude = Annotated[float, number("degrees", -180, 180, -104.9903)]
Variable = Annotated[str, FieldType(_variable, {"type": "string", "pattern": f"^{VARIABLE_PATTERN}$"})]
Email = Annotated[str, FieldType(_email, {"type": "string", "format": "email"})]
