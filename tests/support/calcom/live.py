"""Fake Cal.com and a business at the real time, for servers in other processes."""

import time
from typing import Any, Final

from slotmcp.services.imports import ProjectPlan
from support.calcom.office import ANA, BEN, CONNECTION, SERVICES, event_types
from support.calcom.server import API_KEY, SECRET
from support.calcom.state import CalcomState
from support.shop import plan

DAY: Final = 1440
VARIABLES: Final = {"KEY": API_KEY, "SECRET": SECRET}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def state() -> CalcomState:
    """Return a state with the machine's clock."""
    new_state = CalcomState(now_ms)
    new_state.event_types = event_types()
    return new_state


def business(**facts: Any) -> ProjectPlan:  # noqa: ANN401  a Project's fields
    """Return a connected business with Ana and Ben."""
    return plan(ANA, BEN, services=SERVICES, **{"calcom": CONNECTION, **facts})


def days_ahead(days: int, hour: int = 10) -> int:
    """Return the minute of an hour (UTC) some days from today."""
    today = now_ms() // 60_000 // DAY
    return (today + days) * DAY + hour * 60
