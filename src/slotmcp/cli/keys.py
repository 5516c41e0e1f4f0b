"""`slotmcp keys`: keys for the HTTP server."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from slotmcp.cli.common import run_in_app
from slotmcp.domain.access import AccessKey, Scope
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.services.access import PREFIX
from slotmcp.store.schema import Preparation

_UNITS_MS: Final = {"h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke keys for the HTTP server.")


class Lifetime(int):
    """Milliseconds, as --expires accepts them."""


def _parse_lifetime(text: str) -> Lifetime:
    match = re.fullmatch(r"([1-9]\d{0,4})([hdw])", text)
    if not match:
        raise typer.BadParameter("give a number of hours, days or weeks, such as 12h, 90d or 52w")
    return Lifetime(int(match[1]) * _UNITS_MS[match[2]])


@app.command()
def create(
    *,
    scope: Annotated[Scope, typer.Option(help="operator: adds the tools for running the business.")] = Scope.CALLER,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Project that the key can access, or '*' for all; optional if there is only one."
        ),
    ] = None,
    expires: Annotated[
        Lifetime | None, typer.Option(parser=_parse_lifetime, metavar="TIME", help="12h, 90d or 52w; default: never.")
    ] = None,
    name: Annotated[str, typer.Option(help="Label for the list, such as the key's owner.")] = "",
) -> None:
    """Create a key. It is shown once, on stdout; only its hash is stored."""
    new = run_in_app(
        lambda app: app.access.create(scope, project=project, name=name, lifetime_ms=expires),
        preparation=Preparation.CREATE,
    )
    typer.echo(f"{_describe(new.key)} Store it safely: it is not shown again.", err=True)
    typer.echo(new.token)


@app.command("list")
def list_() -> None:
    """List all keys, without their secrets."""
    keys, now_ms = run_in_app(lambda app: app.access.list())
    for key in keys:
        status = f"{_status(key, now_ms):<32} {key.scope:<8}"
        typer.echo(f"{PREFIX}{key.id}  {status}  {key.project_id or '*'}  {key.name}")
    if not keys:
        typer.echo("No keys yet. Create one with `slotmcp keys create`.", err=True)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `slotmcp keys list` shows it.")]) -> None:
    """Revoke a key. It stops working with the next request."""
    run_in_app(lambda app: app.access.revoke(key_id))
    typer.echo(f"{PREFIX}{key_id.removeprefix(PREFIX)} is revoked.")


def _describe(key: AccessKey) -> str:
    projects = "every project" if key.project_id is None else f"project {key.project_id}"
    until = "until it is revoked" if key.expires_at_ms is None else f"until {_format_utc(key.expires_at_ms)}"
    return f"{PREFIX}{key.id} grants access to the {key.scope} tools of {projects} {until}."


def _status(key: AccessKey, now_ms: int) -> str:
    if key.revoked_at_ms is not None:
        return f"revoked {_format_utc(key.revoked_at_ms)}"
    if key.expires_at_ms is None:
        return "valid"
    return f"{'valid until' if key.is_valid(now_ms) else 'expired'} {_format_utc(key.expires_at_ms)}"


def _format_utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / MS_PER_SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")
