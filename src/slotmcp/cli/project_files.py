"""`slotmcp check`, `import` and `export`: project files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from slotmcp.bootstrap import SystemClock
from slotmcp.cli.common import OPTIONAL_PROJECT, plural, run_in_app
from slotmcp.cli.effects import describe_effects
from slotmcp.cli.exits import Exit, exit_with, print_error
from slotmcp.project_file import ProjectFileError, dump_project, load_project_file
from slotmcp.services.imports import ImportReport, ProjectPlan
from slotmcp.settings import Settings

FileArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="A project file, YAML or JSON."),
]


def check(file: FileArgument) -> None:
    """Validate a project file, and report each problem with its line."""
    plan = _load(file)
    counts = (
        plural(len(plan.services), "service"),
        plural(len(plan.technicians), "technician"),
        plural(len(plan.bookings), "booking"),
        plural(len(plan.busy), "busy time"),
    )
    typer.echo(f"{file} is valid: {plan.project.name}, with {', '.join(counts)}.")


def import_(
    file: FileArgument,
    *,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove services, technicians and busy times that are not in the file.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes without making them.")] = False,
) -> None:
    """Create a project from its file, or update it. Bookings keep their time; those that no longer fit are listed."""
    settings, plan = Settings.load(), _load(file)
    report = run_in_app(lambda app: app.projects.import_project(plan, prune=prune, dry_run=dry_run), settings)
    lines = (*_describe(report, "Would import" if dry_run else "Imported"), *describe_effects(report, plan.project))
    typer.echo("\n".join(lines))


def export(project: Annotated[str | None, typer.Argument(help=OPTIONAL_PROJECT)] = None) -> None:
    """Print a project as a file. Importing that file again changes nothing."""
    typer.echo(dump_project(run_in_app(lambda app: app.projects.export_project(project))), nl=False)


def _load(path: Path) -> ProjectPlan:
    """Load a file and print its warnings; end the process when the file is invalid."""
    try:
        file = load_project_file(path, now_ms=SystemClock().now_ms())
    except ProjectFileError as error:
        exit_with(Exit.BAD_FILE, str(error))
    for note in file.notes:
        print_error(f"{path}:{note} (warning)")
    return file.plan


def _describe(report: ImportReport, verb: str) -> Iterator[str]:
    changes = f"{len(report.created)} created, {len(report.updated)} updated, {report.unchanged} unchanged"
    yield f"{verb} {report.project_id}: {changes}, {len(report.removed)} removed."
    yield from _list("Updated", report.updated)
    yield from _list("Removed", report.removed)
    yield from _list("Not in the file, but kept (--prune removes it)", report.removable)
    yield from _list("Bookings that differ from the file, left unchanged", report.kept_bookings)


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"  {item}" for item in items]
    yield from [f"{title}:", *lines] if lines else []
