"""Business of `slotmcp demo --dashboard`: open every day, in a time zone where it is morning."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from string import Template
from typing import Final
from zoneinfo import ZoneInfo

from slotmcp.demo.callers import random_name
from slotmcp.domain.booking import Customer
from slotmcp.project_file import read_project_file
from slotmcp.services.imports import ProjectPlan

PROJECT_ID: Final = "sunrise-hvac"
_FILE: Final = Path(__file__).with_name("sample_business.yaml")
_MORNING: Final = timedelta(hours=9)
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
_SKIP_EVERY: Final = 4
"""Every fourth past booking is left out, so that the days differ."""


def morning_zone(now: datetime) -> str:
    """Return the zone in which the aware time `now` is closest to 9:00."""
    return min(_ZONES, key=lambda key: _distance_from_morning(now.astimezone(ZoneInfo(key))))


def sample_plan(now_ms: int) -> ProjectPlan:
    """Return the business for a demo that starts now, with names for its customers."""
    plan = read_project_file(sample_business_text(now_ms), source=_FILE.name, now_ms=now_ms).plan
    random = Random(PROJECT_ID)  # noqa: S311  not a secret
    booked = [replace(booking, customer=Customer(name=random_name(random))) for booking in plan.bookings]
    return replace(plan, bookings=tuple(booked))


def sample_business_text(now_ms: int) -> str:
    """Return the project file for a demo that starts now."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    return Template(_FILE.read_text(encoding="utf-8")).substitute(
        timezone=morning_zone(now), past="\n".join(_past_bookings())
    )


def _distance_from_morning(local: datetime) -> timedelta:
    since_midnight = timedelta(hours=local.hour, minutes=local.minute)
    distance = abs(since_midnight - _MORNING)
    return min(distance, timedelta(days=1) - distance)


def _past_bookings() -> list[str]:
    work = [(day, *job) for day in range(_PAST_DAYS, 0, -1) for job in _PAST]
    return [
        f"  - {{id: p-{number}, technicianId: {technician}, serviceType: {service}, start: today-{day}T{time}}}"
        for number, (day, technician, service, time) in enumerate(work)
        if number % _SKIP_EVERY
    ]
