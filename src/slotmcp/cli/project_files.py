"""`slotmcp check`, `import` and `export`: project files."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from slotmcp.bootstrap import SystemClock, own_preparation
from slotmcp.cli.common import OPTIONAL_PROJECT, plural, run_at_low_priority, run_in_app
from slotmcp.cli.effects import describe_effects
from slotmcp.cli.exits import Exit, exit_with, print_error
from slotmcp.cli.explained_start import EXAMPLE, WORDS, ExplainedStart
from slotmcp.cli.explained_start import explain as explain_start
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.errors import FixRequest
from slotmcp.project_file import BookingsFile, ProjectFileError, dump_project, load_project_file
from slotmcp.project_file.bookings_file import read_bookings, write_bookings
from slotmcp.project_file.yaml_reader import MAX_BYTES
from slotmcp.services.app import App
from slotmcp.services.imports import ImportReport, ProjectPlan
from slotmcp.services.project_import import Progress
from slotmcp.settings import Settings

FileArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="A project file, YAML or JSON."),
]


BookingsOption = Annotated[
    Path | None,
    typer.Option(
        "--bookings",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        readable=True,
        help="More bookings, one JSON object per line, as export writes them.",
    ),
]


def check(
    file: FileArgument,
    words: Annotated[list[str] | None, typer.Argument(metavar=WORDS, help="With --explain.")] = None,
    *,
    bookings: BookingsOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help=f"Say why a start would be offered or not: {EXAMPLE}.")
    ] = False,
    priority: Annotated[Priority, typer.Option(help="With --explain: priority of the request.")] = Priority.NORMAL,
) -> None:
    """Validate a project file, and report each problem with its line."""
    start = _explained_start(words or [], priority, explain=explain)
    plan = _load(file, bookings)
    counts = (
        plural(len(plan.services), "service"),
        plural(len(plan.technicians), "technician"),
        plural(len(plan.bookings), "booking"),
        plural(len(plan.busy), "busy time"),
    )
    name = f"{file} with {bookings}" if bookings else f"{file}"
    typer.echo(f"{name} is valid: {plan.project.name}, with {', '.join(counts)}.")
    if start is not None:
        typer.echo("\n".join(explain_start(plan, start)))


def _explained_start(words: Sequence[str], priority: Priority, *, explain: bool) -> ExplainedStart | None:
    if explain:
        return ExplainedStart.of(words, priority)
    if words:
        raise typer.BadParameter(f"there is more than one file; for {WORDS} add --explain", param_hint="FILE")
    if priority is not Priority.NORMAL:
        raise typer.BadParameter("requires --explain", param_hint="--priority")
    return None


def import_(
    file: FileArgument,
    *,
    bookings: BookingsOption = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove services, technicians and busy times that are not in the file.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes without making them.")] = False,
) -> None:
    """Create a project from its file, or update it. Bookings keep their time; those that no longer fit are listed."""
    settings = Settings.load()
    plan = run_at_low_priority(lambda: _load(file, bookings))

    async def run(app: App) -> ImportReport:
        return await app.projects.import_project(plan, prune=prune, dry_run=dry_run, progress=_progress("imported"))

    def import_plan() -> ImportReport:
        return run_in_app(run, settings, preparation=own_preparation(settings))

    # on SQLite, other projects would wait for a lock that a slow thread holds
    report = run_at_low_priority(import_plan) if settings.is_postgres else import_plan()
    lines = (*_describe(report, "Would import" if dry_run else "Imported"), *describe_effects(report, plan.project))
    typer.echo("\n".join(lines))


def export(
    project: Annotated[str | None, typer.Argument(help=OPTIONAL_PROJECT)] = None,
    *,
    bookings: Annotated[
        Path | None,
        typer.Option(
            "--bookings",
            metavar="FILE",
            dir_okay=False,
            help="Write the bookings, any number of them, to this file: one JSON object per line.",
        ),
    ] = None,
    without_bookings: Annotated[bool, typer.Option("--without-bookings", help="Leave out the bookings.")] = False,
) -> None:
    """Print a project as a file. Importing that file again changes nothing."""
    if bookings is not None and without_bookings:
        exit_with(Exit.USAGE, "--bookings and --without-bookings exclude each other; give one of them.")
    is_inline = bookings is None and not without_bookings
    try:
        plan = run_in_app(lambda app: _export(app, project, bookings, is_inline=is_inline))
    except OSError as error:
        exit_with(Exit.USAGE, f"--bookings: {bookings} cannot be written ({(error.strerror or 'unknown').lower()}).")
    typer.echo(_as_importable(plan), nl=False)


async def _export(app: App, project_id: str | None, path: Path | None, *, is_inline: bool) -> ProjectPlan:
    """Return a project, and write its bookings to the file at `path`, if there is one."""
    plan = await app.projects.export_catalog(project_id)
    if is_inline:
        bookings = await app.projects.export_bookings(plan, lambda pages: read_bookings(pages, plan))
        if bookings is None:
            raise _too_large(plan.project.id)
        return replace(plan, bookings=bookings)
    if path is not None:
        progress = _progress("written")
        count = await app.projects.export_bookings(plan, lambda pages: write_bookings(pages, path, plan, progress))
        print_error(f"{count:,} bookings written to {path}.")
    return plan


def _as_importable(plan: ProjectPlan) -> str:
    """Return a plan as the text of a file that `import` accepts.

    Raises:
        FixRequest: the text is too large.
    """
    text = dump_project(plan)
    if len(text.encode()) <= MAX_BYTES:
        return text
    raise (
        _too_large(plan.project.id)
        if plan.bookings
        else FixRequest(
            f"{plan.project.id} has too many busy times for a project file of {MAX_BYTES // 1_000_000} MB. "
            "Import its file without past busy times, and with --prune."
        )
    )


def _too_large(project_id: str) -> FixRequest:
    return FixRequest(
        f"{project_id} has too many bookings for a project file of {MAX_BYTES // 1_000_000} MB. Write them to a file "
        f"of their own: slotmcp export {project_id} --bookings {project_id}.jsonl > {project_id}.yaml"
    )


def _progress(verb: str) -> Progress:
    return lambda count: print_error(f"{count:,} bookings {verb} ...")


def _load(path: Path, bookings: Path | None) -> ProjectPlan:
    """Load a file, with a file of more bookings if there is one, and print warnings.

    Ends the process if one of them is invalid.
    """
    with _without_collections():
        return _loaded(path, bookings)


def _loaded(path: Path, bookings: Path | None) -> ProjectPlan:
    now_ms = SystemClock().now_ms()
    with _exit_on_bad_file():
        file = load_project_file(path, now_ms=now_ms)
    for note in file.notes:
        print_error(f"{path}:{note} (warning)")
    if bookings is None:
        return file.plan
    with _exit_on_bad_file():
        more = BookingsFile(path=bookings, plan=file.plan, now_ms=now_ms).read()
    return replace(file.plan, bookings=(*file.plan.bookings, *more))


@contextmanager
def _without_collections() -> Iterator[None]:
    """Turn garbage collection off until the block ends: it would traverse the content of a large file many times."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _exit_on_bad_file() -> Iterator[None]:
    try:
        yield
    except ProjectFileError as error:
        exit_with(Exit.BAD_FILE, str(error))


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
