"""`slotmcp keys`: who may call over HTTP."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from slotmcp.bootstrap import open_app
from slotmcp.domain.access import AccessKey, Scope
from slotmcp.services.access import PREFIX, NewKey
from slotmcp.settings import Settings

_UNITS_MS: Final = {"h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_MS_PER_SECOND: Final = 1000

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke the keys with which callers reach the HTTP server.")


class Lifetime(int):
    """Milliseconds, as --expires takes them."""


def _lifetime(text: str) -> Lifetime:
    found = re.fullmatch(r"([1-9]\d{0,4})([hdw])", text)
    if not found:
        raise typer.BadParameter("write a number of hours, days or weeks, such as 12h, 90d or 52w")
    return Lifetime(int(found[1]) * _UNITS_MS[found[2]])


@app.command()
def create(
    *,
    scope: Annotated[Scope, typer.Option(help="operator: also the tools of who runs the business.")] = Scope.CALLER,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="The project that it opens, or '*' for every one; not needed where there is one."
        ),
    ] = None,
    expires: Annotated[
        Lifetime | None, typer.Option(parser=_lifetime, metavar="TIME", help="12h, 90d or 52w; default: never.")
    ] = None,
    name: Annotated[str, typer.Option(help="For the list, such as whose it is.")] = "",
) -> None:
    """Make a key. It is shown once, on stdout; only its hash is kept."""
    made = asyncio.run(_create(Settings.load(), scope, project, expires, name))
    typer.echo(f"{_described(made.key)} Keep it safe: it is not shown again.", err=True)
    typer.echo(made.token)


@app.command("list")
def list_() -> None:
    """List all keys, without their secrets."""
    keys, now_ms = asyncio.run(_list(Settings.load()))
    for key in keys:
        typer.echo(
            f"{PREFIX}{key.id}  {_standing(key, now_ms):<28} {key.scope:<8}  {key.project_id or '*'}  {key.name}"
        )
    if not keys:
        typer.echo("There is no key yet. Make one with `slotmcp keys create`.", err=True)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `slotmcp keys list` shows it.")]) -> None:
    """Revoke a key: it opens nothing any more, from the next call on."""
    asyncio.run(_revoke(Settings.load(), key_id))
    typer.echo(f"{PREFIX}{key_id.removeprefix(PREFIX)} opens nothing any more.")


async def _create(settings: Settings, scope: Scope, project: str | None, lifetime_ms: int | None, name: str) -> NewKey:
    async with open_app(settings) as opened:
        return await opened.access.create(scope, project=project, name=name, lifetime_ms=lifetime_ms)


async def _list(settings: Settings) -> tuple[tuple[AccessKey, ...], int]:
    async with open_app(settings) as opened:
        return await opened.access.list()


async def _revoke(settings: Settings, key_id: str) -> None:
    async with open_app(settings) as opened:
        await opened.access.revoke(key_id)


def _described(key: AccessKey) -> str:
    projects = "every project" if key.project_id is None else f"the project {key.project_id}"
    until = "until it is revoked" if key.expires_at_ms is None else f"until {_day(key.expires_at_ms)}"
    return f"{PREFIX}{key.id} opens the {key.scope} tools of {projects} {until}."


def _standing(key: AccessKey, now_ms: int) -> str:
    if key.revoked_at_ms is not None:
        return f"revoked {_day(key.revoked_at_ms)}"
    if key.expires_at_ms is None:
        return "good"
    return f"{'good until' if key.is_valid(now_ms) else 'expired'} {_day(key.expires_at_ms)}"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / _MS_PER_SECOND, UTC).strftime("%Y-%m-%d %H:%M")
