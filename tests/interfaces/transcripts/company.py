"""Company in the transcripts: three technicians in Denver with travel times, on the Tuesday before Thanksgiving."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from slotmcp.domain.catalog import Location, Project, RankingKey, ServiceType, TravelMode, TravelPolicy
from slotmcp.services.imports import ProjectPlan
from support.denver import technician
from support.server import Caller, open_caller

TUESDAY_AT_TEN_MS: Final = int(datetime(2026, 11, 24, 17, tzinfo=UTC).timestamp()) * 1000

_NEAREST_FIRST: Final = (RankingKey.ETA, RankingKey.LOAD, RankingKey.PRIORITY)
_CAPITOL_HILL, _HIGHLAND, _CENTRAL_PARK = (
    Location(39.7337, -104.9806),
    Location(39.7583, -105.0105),
    Location(39.7570, -104.8750),
)
_PLAN: Final = ProjectPlan(
    project=Project(
        id="front-range",
        name="Front Range Heating & Air",
        timezone="America/Denver",
        slot_interval_minutes=30,
        candidate_ranking=_NEAREST_FIRST,
        assignment_ranking=_NEAREST_FIRST,
        travel=TravelPolicy(mode=TravelMode.ESTIMATED),
        closed_dates=(date(2026, 11, 26),),
    ),
    services=(
        ServiceType(
            id="furnace-repair",
            name="Furnace repair",
            duration_minutes=60,
            buffer_after_minutes=15,
            skills=frozenset({"gas"}),
            spoken={"es": "la reparación de la calefacción"},
        ),
        ServiceType(
            id="duct-cleaning",
            name="Duct cleaning",
            duration_minutes=120,
            skills=frozenset({"ducts"}),
            spoken={"es": "la limpieza de los conductos"},
        ),
    ),
    technicians=(
        replace(technician("t-ana", "Ana", priority=1, skills={"gas"}), home=_CAPITOL_HILL),
        replace(technician("t-ben", "Ben", priority=2, skills={"gas"}), home=_HIGHLAND),
        replace(technician("t-carla", "Carla", priority=3, skills={"gas", "ducts"}), home=_CENTRAL_PARK),
    ),
)


@asynccontextmanager
async def open_company(path: Path) -> AsyncIterator[Caller]:
    """Open the company at ten on that Tuesday."""
    async with open_caller(path, _PLAN, now_ms=TUESDAY_AT_TEN_MS) as caller:
        yield caller
