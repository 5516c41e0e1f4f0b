"""`slotmcp forget`: erasure of a customer."""

from pathlib import Path
from typing import Annotated

import typer

from slotmcp.bootstrap import read_erasure_file
from slotmcp.cli.common import ProjectOption, plural, run_in_app
from slotmcp.domain.erasure import CleanupReport

NOT_REACHED = (
    "copies that other programs made, project files and files of bookings, call ids in logs, the phone platform, the "
    "agent's model, Cal.com"
)


def forget(
    reference: Annotated[
        str | None,
        typer.Argument(metavar="PHONE|EMAIL|HASH", help="A phone number, an email address or a customerHash."),
    ] = None,
    *,
    project: ProjectOption = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also write a large database file again; calls wait meanwhile.")
    ] = False,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="After a restore: apply the erasures of a list that the database lacks."),
    ] = None,
) -> None:
    """Erase a customer's data. Past times, technicians and services are kept, without the customer."""
    if (reference is None) == (replay is None) or (replay is not None and project is not None):
        raise typer.BadParameter("give either a customer or --replay FILE", param_hint="PHONE|EMAIL|HASH")
    if replay is not None:
        _replay(replay, is_thorough=thorough)
    elif reference is not None:
        _forget(project, reference, is_thorough=thorough)


def _forget(project_id: str | None, reference: str, *, is_thorough: bool) -> None:
    answer = run_in_app(lambda app: app.customers.forget(project_id, reference, is_thorough=is_thorough))
    if answer.erased:
        count = "1 booking or waitlist entry"
        if answer.erased > 1:
            count = f"{answer.erased} bookings and waitlist entries"
        typer.echo(f"Erased from {count} in {answer.project.id}. Times, technicians and services are kept.")
    else:
        typer.echo(f"No customer found in {answer.project.id}; no booking was changed.")
    _show_places(answer.places)


def _replay(file: Path, *, is_thorough: bool) -> None:
    listed = read_erasure_file(file)
    answer = run_in_app(lambda app: app.customers.replay(listed, is_thorough=is_thorough))
    typer.echo(
        f"Applied {plural(answer.applied, 'erasure')} of {file} that the database did not have; erased from "
        f"{plural(answer.erased, 'booking')} and waitlist entries."
    )
    _show_places(answer.places)


def _show_places(places: CleanupReport) -> None:
    for place in places.cleaned:
        typer.echo(f"Cleaned: {place}")
    for place in (*places.remaining, NOT_REACHED):
        typer.echo(f"Not reached: {place}")
