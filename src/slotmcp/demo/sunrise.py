"""The business of `slotmcp demo --dashboard`: open every day, somewhere where it is morning."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from string import Template
from typing import Final
from zoneinfo import ZoneInfo

from slotmcp.demo.people import somebody
from slotmcp.domain.booking import Customer
from slotmcp.project_file import parse_project_file
from slotmcp.services.imports import ProjectPlan

PROJECT_ID: Final = "sunrise-hvac"
_FILE: Final = Path(__file__).with_name("sunrise.yaml")
_OPENS: Final = timedelta(hours=9)
_ZONES: Final = (
    "America/Denver",
    "America/New_York",
    "America/Sao_Paulo",
    "Atlantic/Azores",
    "Europe/London",
    "Europe/Athens",
    "Asia/Dubai",
    "Asia/Dhaka",
    "Asia/Shanghai",
    "Australia/Brisbane",
    "Pacific/Noumea",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "America/Los_Angeles",
)
_PAST_DAYS: Final = 6
_PAST: Final = (
    ("t-ana", "furnace-tune-up", "08:00"),
    ("t-ana", "ac-repair", "12:30"),
    ("t-ben", "furnace-tune-up", "09:00"),
    ("t-ben", "thermostat-setup", "15:00"),
    ("t-carla", "ac-repair", "10:30"),
    ("t-dev", "furnace-tune-up", "09:30"),
    ("t-dev", "ac-repair", "14:00"),
    ("t-eli", "ac-repair", "16:30"),
    ("t-fay", "thermostat-setup", "11:30"),
)
_SKIPPED: Final = 4
"""Of the work of past days, every so-manieth: no two days are alike."""


def morning_zone(now: datetime) -> str:
    """The zone in which it is nearest to nine in the morning; `now` is aware."""
    return min(_ZONES, key=lambda key: _from_nine(now.astimezone(ZoneInfo(key))))


def sunrise_plan(now_ms: int) -> ProjectPlan:
    """The business, for a demo that begins now. Other than a project file it knows its customers."""
    plan = parse_project_file(sunrise_text(now_ms), source=_FILE.name, now_ms=now_ms)
    random = Random(PROJECT_ID)  # noqa: S311  a play, not a secret
    booked = [replace(one, customer=Customer(name=somebody(random))) for one in plan.bookings]
    return replace(plan, bookings=tuple(booked))


def sunrise_text(now_ms: int) -> str:
    """The project file, for a demo that begins now."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    return Template(_FILE.read_text(encoding="utf-8")).substitute(timezone=morning_zone(now), past="\n".join(_past()))


def _from_nine(local: datetime) -> timedelta:
    since_midnight = timedelta(hours=local.hour, minutes=local.minute)
    away = abs(since_midnight - _OPENS)
    return min(away, timedelta(days=1) - away)


def _past() -> list[str]:
    work = [(day, *job) for day in range(_PAST_DAYS, 0, -1) for job in _PAST]
    return [
        f"  - {{id: p-{number}, technicianId: {technician}, serviceType: {service}, start: today-{day}T{time}}}"
        for number, (day, technician, service, time) in enumerate(work)
        if number % _SKIPPED
    ]
