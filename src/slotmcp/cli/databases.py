"""`slotmcp backup`, `restore`, `verify` and `upgrade`: the database as a whole."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slotmcp.bootstrap import SystemClock, configure_logging, field_cipher, open_store
from slotmcp.cli.common import plural
from slotmcp.cli.exits import Exit, exit_with
from slotmcp.domain.erasure import missing_erasures
from slotmcp.settings import Settings
from slotmcp.store.erasure_list import FileErasureList
from slotmcp.store.file_erasure import BackupErasure, erase_in_file, read_erasures_of_file
from slotmcp.store.schema import SCHEMA, Preparation

if TYPE_CHECKING:
    from slotmcp.store.inspection import Inspection

MAX_PROBLEMS_SHOWN = 20


class EraseAgain:
    """Amendment of a restored database: apply the erasures that are listed, or known to the replaced database."""

    def __init__(self, settings: Settings) -> None:
        """Read the known erasures.

        Raises:
            FixSetup: the list of erasures cannot be read.
        """
        path = settings.erasure_path
        listed = FileErasureList(path).read() if path else ()
        logged = () if settings.is_postgres else read_erasures_of_file(settings.database_path)
        self._erasures = (*listed, *logged)
        self._cipher = field_cipher(settings)
        self._backups = BackupErasure(settings.backup_home, self._cipher)
        self._changed = 0

    async def __call__(self, staged: Path) -> None:
        """Erase in the file that becomes the database."""
        self._changed = await asyncio.to_thread(erase_in_file, staged, self._erasures, cipher=self._cipher)

    async def erase_from(self, backup: Path) -> None:
        """Erase the customers in a new backup who were forgotten while it was written."""
        if missing := missing_erasures(self._erasures, read_erasures_of_file(backup)):
            report = await self._backups.erase_from(backup, missing)
            if report.remaining:
                exit_with(Exit.UNAVAILABLE, f"A customer forgotten meanwhile is still in {report.remaining[0]}")

    def show(self) -> None:
        """Report that forgotten customers were erased again."""
        if self._changed:
            typer.echo("Erased the customers who were forgotten after the backup.")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file that becomes the backup.")],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Back up the database to a private file, and verify it. Servers may run meanwhile."""
    settings = _load()
    inspection = asyncio.run(_back_up(settings, file, overwrite=overwrite))
    asyncio.run(EraseAgain(settings).erase_from(file))
    typer.echo(f"Backed up and verified {_summary(inspection)}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", exists=True, dir_okay=False)],
) -> None:
    """Replace the database by a verified backup. Stop the servers first. In PostgreSQL, fill an empty database."""
    settings = _load()
    amend = EraseAgain(settings)
    if settings.is_postgres:
        asyncio.run(_restore_to_server(settings, file, amend))
        return
    from slotmcp.store.restoring import restore_file  # noqa: PLC0415  loads the migrations

    now_ms = SystemClock().now_ms()
    restored = asyncio.run(restore_file(file, settings.database_path, now_ms=now_ms, amend=amend))
    typer.echo(f"Restored and verified {_summary(restored.inspection)}")
    amend.show()
    if restored.replaced is not None:
        typer.echo(f"The replaced database is kept as {restored.replaced}. Delete it once it is not needed.")


def verify(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A backup; default: the database.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Check a backup or the database completely: pages, references, overlapping bookings, and schedules."""
    inspection = asyncio.run(_inspect(_load(), file))
    if inspection.problems:
        shown = inspection.problems[:MAX_PROBLEMS_SHOWN]
        exit_with(Exit.UNAVAILABLE, f"{inspection.place} is damaged:", *(f"  {problem}" for problem in shown))
    typer.echo(f"Intact: {_summary(inspection)}")


def upgrade() -> None:
    """Upgrade the database to the schema of this program, after a backup of an SQLite file. Stop the servers first."""
    settings = _load()

    async def prepare() -> str:
        async with open_store(settings, preparation=Preparation.UPGRADE) as store:
            return (await store.status()).description

    typer.echo(f"Schema {SCHEMA.newest}: {asyncio.run(prepare())}")


def _load() -> Settings:
    settings = Settings.load()
    configure_logging(settings)
    return settings


async def _back_up(settings: Settings, file: Path, *, overwrite: bool) -> "Inspection":
    timeout_ms = settings.database_timeout_ms
    if not settings.is_postgres:
        from slotmcp.store.backups import back_up_file  # noqa: PLC0415  used only here

        path = settings.database_path
        return await asyncio.to_thread(back_up_file, path, file, overwrite=overwrite, timeout_ms=timeout_ms)
    from slotmcp.store.postgres.address import Address  # noqa: PLC0415  loads the driver
    from slotmcp.store.server_backups import back_up_server  # noqa: PLC0415  loads the driver

    address = Address.of(settings.database_url, statement_cache=settings.database_statement_cache)
    return await back_up_server(address, file, overwrite=overwrite, timeout_ms=timeout_ms, home=settings.backup_home)


async def _restore_to_server(settings: Settings, file: Path, amend: "EraseAgain") -> None:
    from slotmcp.store.postgres.address import Address  # noqa: PLC0415  loads the driver
    from slotmcp.store.server_backups import restore_to_server  # noqa: PLC0415  loads the driver

    address = Address.of(settings.database_url, statement_cache=settings.database_statement_cache)
    now_ms = SystemClock().now_ms()
    await restore_to_server(file, address, now_ms=now_ms, timeout_ms=settings.database_timeout_ms, amend=amend)
    typer.echo(f"Restored and verified {_summary(await _inspect(settings, None))}")
    amend.show()


async def _inspect(settings: Settings, file: Path | None) -> "Inspection":
    from slotmcp.store.inspection import inspect_file  # noqa: PLC0415  used only here

    timeout_ms = settings.database_timeout_ms
    if file is not None or not settings.is_postgres:
        return await asyncio.to_thread(inspect_file, file or settings.database_path, timeout_ms=timeout_ms)
    from slotmcp.store.postgres.address import Address  # noqa: PLC0415  loads the driver
    from slotmcp.store.postgres.inspection import inspect_server  # noqa: PLC0415  loads the driver

    return await inspect_server(
        Address.of(settings.database_url, statement_cache=settings.database_statement_cache), timeout_ms=timeout_ms
    )


def _summary(inspection: "Inspection") -> str:
    rows = inspection.rows
    counts = (plural(rows.get(table, 0), noun) for table, noun in (("projects", "project"), ("bookings", "booking")))
    return f"{inspection.place}: schema {inspection.schema_version}, {', '.join(counts)}, {sum(rows.values()):,} rows."
