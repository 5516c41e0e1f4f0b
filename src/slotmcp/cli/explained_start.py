"""`slotmcp check --explain`: explanation of one start, with a project file in a temporary database."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import typer

from slotmcp.cli.common import run_in_app
from slotmcp.domain.access import LOCAL
from slotmcp.domain.booking_rules import Priority
from slotmcp.services.app import App
from slotmcp.services.imports import ProjectPlan
from slotmcp.settings import SQLITE_URL, Settings
from slotmcp.store.schema import Preparation

WORDS = "DAY TIME SERVICE [POSTAL_CODE]"
EXAMPLE = "tue 09:00 furnace-repair 80203"
_MIN_WORDS, _MAX_WORDS = 3, 5
"""A postal code has one or two words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedStart:
    """Start to explain, as the command line names it."""

    start: str
    service_id: str
    postal_code: str
    priority: Priority

    @classmethod
    def of(cls, words: Sequence[str], priority: Priority) -> Self:
        """Read the words of a command line.

        Raises:
            BadParameter: there are too few or too many.
        """
        if not _MIN_WORDS <= len(words) <= _MAX_WORDS:
            raise typer.BadParameter(f"write {WORDS} after the file, such as {EXAMPLE}", param_hint="--explain")
        day, clock, service_id, *postal_code = words
        return cls(start=f"{day} {clock}", service_id=service_id, postal_code=" ".join(postal_code), priority=priority)


def explain(plan: ProjectPlan, start: ExplainedStart) -> list[str]:
    """Return the lines that say whether a start would be offered, and why.

    Raises:
        SlotmcpError: the time or the postal code is invalid, or there is no such service.
    """
    with tempfile.TemporaryDirectory(prefix="slotmcp-check-") as folder:
        settings = Settings.model_construct(database_url=f"{SQLITE_URL}{Path(folder) / 'check.db'}", trace_days=0)

        async def work(app: App) -> Mapping[str, Any]:
            await app.projects.import_project(plan, prune=False)
            return await _response(app, plan, start)

        response = run_in_app(work, settings, preparation=Preparation.UPGRADE)
        return [*_lines(response), *_missing_postal_code(plan, start)]


async def _response(app: App, plan: ProjectPlan, start: ExplainedStart) -> Mapping[str, Any]:
    """Return the response of explain_slot."""
    from slotmcp.tools.explanations import explain_slot  # noqa: PLC0415  loads the MCP SDK

    arguments = {
        "projectId": plan.project.id,
        "serviceType": start.service_id,
        "start": start.start,
        "postalCode": start.postal_code,
        "priority": start.priority.value,
    }
    response: Mapping[str, Any] = await explain_slot.bind(app).fn(arguments, LOCAL)
    return response


def _lines(response: Mapping[str, Any]) -> Iterator[str]:
    offered = "offered" if response["available"] else "not offered"
    yield f"{response['serviceType']} at {response['startLocal']} is {offered}. {response['result']}"
    for technician in response["technicians"]:
        yield f"  {technician['technicianId']} ({technician['code']}): {technician['sentence']}"
    for opening in response["openings"]:
        yield f"  Instead ({opening['change']}): {opening['sentence']}"


def _missing_postal_code(plan: ProjectPlan, start: ExplainedStart) -> Iterator[str]:
    if plan.project.areas and not start.postal_code:
        yield "  Without a postal code, the rules of areas are not applied. A booking needs one."
