"""Command line of the client matrix."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from clients.matrix import (
    CLIENTS,
    JAVASCRIPT_SCRIPTS,
    PYTHON_SCRIPTS,
    ClientFailedError,
    Report,
    converse,
    server_settings,
)
from clients.table import page_of

PAGE = CLIENTS.parents[1] / "docs" / "reference" / "clients.md"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(
    only: Annotated[str, typer.Option(help="Only the client of this script, such as pipecat_client.")] = "",
) -> None:
    """Run all clients and write docs/reference/clients.md; with --only, run one and print its report."""
    console = Console()
    scripts = [path for path in (*PYTHON_SCRIPTS, *JAVASCRIPT_SCRIPTS) if only in ("", path.stem)]
    if not scripts:
        raise typer.BadParameter(f"no script has this name in {CLIENTS}")
    reports, failures = _converse_all(scripts, console)
    if only:
        console.print(*reports)
    else:
        PAGE.write_text(page_of(reports, failures), encoding="utf-8")
    if failures:
        raise typer.Exit(1)


def _converse_all(scripts: list[Path], console: Console) -> tuple[list[Report], dict[str, str]]:
    reports: list[Report] = []
    failures: dict[str, str] = {}
    with server_settings() as settings:
        for script in scripts:
            try:
                reports.append(converse(script, settings))
                console.print(f"{script.stem:28} booked {reports[-1].booking}")
            except ClientFailedError as error:
                failures[script.stem] = str(error).strip().splitlines()[-1]
                console.print(f"{script.stem:28} FAILED\n{error}")
    return reports, failures


def main() -> None:
    """Run the command."""
    app()
