"""`slotmcp purge`: deletion of data whose retention is over."""

from typing import Annotated

import typer

from slotmcp.cli.common import run_in_app


def purge(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be deleted.")] = False,
) -> None:
    """Delete data of all projects that is kept long enough, as the settings say. A server does so once a day."""
    purged = run_in_app(lambda app: app.retention.purge(is_dry_run=dry_run))
    for kind, count in purged.counts.items():
        typer.echo(f"{'Would delete' if dry_run else 'Deleted'}: {count} {kind}")
    if not purged.total:
        typer.echo("There is nothing to delete.")
