"""`slotmcp copy`: what it takes, and what it tells."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from slotmcp.settings import Settings
from slotmcp.store.copying import CopyReport, Database, copy_between
from slotmcp.store.postgres.address import Address

DIGEST_TOLD = 16


def run(source: str, target: str, project_ids: Sequence[str]) -> None:
    """Copy, and print what was copied."""
    settings = Settings.load()
    here, there = _end(source, "--from"), _end(target, "--to")
    report = asyncio.run(copy_between(here, there, project_ids, timeout_ms=settings.database_timeout_ms))
    _show(report)


def _end(url: str, called: str) -> Database:
    settings = Settings.with_database(url, called)
    return Address.of(settings.database_url) if settings.is_postgres else settings.database_path


def _show(report: CopyReport) -> None:
    console = Console()
    console.print(
        f"Copied {', '.join(report.project_ids)}, and found every row again.",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
    table = Table()
    table.add_column("Table")
    table.add_column("Rows", justify="right")
    table.add_column("Digest on both sides")
    for one in report.tables:
        table.add_row(one.name, f"{one.rows:,}", one.digest[:DIGEST_TOLD])
    console.print(table)
