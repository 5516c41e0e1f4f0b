"""Retention: deletion of data that is kept long enough, on request and once a day by one of the servers."""

import asyncio
import logging
from random import random
from typing import Final

from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.interval import MS_PER_DAY, MS_PER_MINUTE
from slotmcp.domain.retention import DataKind, Purged, Retention
from slotmcp.ports import Store, Transaction

BATCH_ROWS: Final = 100
"""Maximum number of rows of each kind that one transaction deletes."""
PAUSE_SECONDS: Final = 0.1
"""Pause between two transactions, in which other calls get the lock."""
CHECK_SECONDS: Final = 900.0
"""Mean interval at which a server checks whether a purge is due."""
RETRY_MS: Final = 60 * MS_PER_MINUTE
"""Time after which a failed purge is repeated."""
TASK: Final = "purge"

_log: Final = logging.getLogger("slotmcp.retention")


class RetentionService:
    """Use cases of retention."""

    def __init__(self, store: Store, retention: Retention, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._store = store
        self._retention = retention
        self._pause_seconds = pause_seconds

    async def purge(self, *, is_dry_run: bool = False) -> Purged:
        """Delete the data of all projects whose retention is over, in small transactions; in a dry run, count it.

        Raises:
            Unavailable: what was deleted so far stays deleted.
        """
        purged = Purged()
        for project_id in await self._store.project_ids():
            purged += await self._purge_project(project_id, is_dry_run=is_dry_run)
        if self._retention.key_days:
            over_by_ms = await self._store.now_ms() - self._retention.key_days * MS_PER_DAY
            keys = await self._store.purge_access_keys(over_by_ms, is_dry_run=is_dry_run)
            purged += Purged({DataKind.KEYS: keys})
        return purged

    async def purge_if_due(self) -> Purged | None:
        """Purge once a day; return None if another server did so within a day, or does now.

        Raises:
            Unavailable: the purge is repeated in an hour.
        """
        now_ms = await self._store.now_ms()
        if not await self._store.claim_task(TASK, now_ms=now_ms, next_ms=now_ms + MS_PER_DAY):
            return None
        try:
            return await self.purge()
        except BaseException:
            await self._store.postpone_task(TASK, next_ms=now_ms + RETRY_MS)
            raise

    async def run_forever(self, *, check_seconds: float = CHECK_SECONDS) -> None:
        """Purge once a day until this task is canceled. Servers that start together check at different times."""
        while True:
            await asyncio.sleep(check_seconds * (0.5 + random()))  # noqa: S311  not a secret
            try:
                purged = await self.purge_if_due()
            except SlotmcpError as error:
                _log.warning("The daily purge failed (%s) and is repeated", error.code)
            except Exception as error:  # noqa: BLE001  a defect must not end the daily purge
                _log.error("The daily purge failed (%s) and is repeated", type(error).__name__)
            else:
                _log_purged(purged)

    async def _purge_project(self, project_id: str, *, is_dry_run: bool) -> Purged:
        if is_dry_run:
            now_ms = await self._store.now_ms()
            return await self._store.count_purgeable(project_id, self._retention, now_ms=now_ms)
        purged = Purged()
        while (batch := await self._store.write(project_id, self._purge_batch)).total:
            purged += batch
            await asyncio.sleep(self._pause_seconds)
        return purged

    async def _purge_batch(self, transaction: Transaction) -> Purged:
        return await transaction.purge(self._retention, limit=BATCH_ROWS)


def _log_purged(purged: Purged | None) -> None:
    if purged is not None and purged.total:
        _log.info("Purged %s", ", ".join(f"{count} {kind}" for kind, count in purged.counts.items()))
