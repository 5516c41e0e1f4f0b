"""What the command line does with project files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from slotmcp.bootstrap import SystemClock, open_app
from slotmcp.cli.exits import Exit, leave, remark
from slotmcp.project_file import ProjectFileError, dump_project, load_project_file
from slotmcp.services.imports import ImportReport, ProjectPlan
from slotmcp.settings import Settings


def read(path: Path) -> ProjectPlan:
    """What a good file says, its remarks on stderr; a bad one ends the process with its problems."""
    try:
        file = load_project_file(path, now_ms=SystemClock().now_ms())
    except ProjectFileError as error:
        leave(Exit.BAD_FILE, str(error))
    for note in file.notes:
        remark(f"{path}:{note} (a remark)")
    return file.plan


def contents(path: Path, plan: ProjectPlan) -> str:
    """What a file holds, in a sentence."""
    counts = (
        _count(len(plan.services), "service"),
        _count(len(plan.technicians), "technician"),
        _count(len(plan.bookings), "booking"),
        _count(len(plan.busy), "busy time"),
    )
    return f"{path} is fine: {plan.project.name}, with {', '.join(counts)}."


async def bring_in(settings: Settings, plan: ProjectPlan, *, prune: bool, dry_run: bool) -> str:
    """Import a plan, and tell what that changed or, on a dry run, would change."""
    async with open_app(settings) as app:
        report = await app.projects.import_project(plan, prune=prune, dry_run=dry_run)
    return "\n".join(_told(report, "Would import" if dry_run else "Imported"))


async def give_back(settings: Settings, project_id: str | None) -> str:
    """A project as a file."""
    async with open_app(settings) as app:
        return dump_project(await app.projects.export_project(project_id))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _told(report: ImportReport, done: str) -> Iterator[str]:
    changes = f"{len(report.created)} created, {len(report.updated)} updated, {report.unchanged} unchanged"
    yield f"{done} {report.project_id}: {changes}, {len(report.removed)} removed."
    yield from _listed("Updated", report.updated)
    yield from _listed("Removed", report.removed)
    yield from _listed("Not in the file, and kept (--prune removes it)", report.removable)
    yield from _listed("Booked with other facts than the file says, and left alone", report.kept_bookings)


def _listed(title: str, things: Iterable[str]) -> Iterator[str]:
    lines = [f"  {thing}" for thing in things]
    yield from [f"{title}:", *lines] if lines else []
