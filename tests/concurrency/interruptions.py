"""Script that ends a backup or a restore in the middle, by death or by a full disk, and reports the database's state.

The largest size of a file decides where it ends. That is in the backup, in the copy that is restored, or in the log
that replaces the database's pages.
"""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store.backups import back_up_file
from slotmcp.store.restoring import restore_file
from support.sqlite_file import fingerprint, integrity

WORKS: Final = ("backup", "copy to restore", "restore in place")
REFUSED: Final = 4


def run_limited(work: Callable[[], object], *, limit: int, end: str) -> None:
    """Run some work in this process, whose files cannot grow beyond a limit, and exit."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if end == "die" else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        work()
    except DatabaseUnusable:
        os._exit(REFUSED)
    os._exit(0)


def outcome(path: Path, work: Callable[[], object], name: str, limit: int, end: str) -> dict[str, object]:
    """Return what an interruption left."""
    before = {file.name for file in path.parent.iterdir()}
    child = os.fork()
    if not child:
        run_limited(work, limit=limit, end=end)
    _, status = os.waitpid(child, 0)
    after = {file.name for file in path.parent.iterdir() if not file.name.endswith(("-wal", "-shm"))}
    return {
        "work": name,
        "end": end,
        "is_as_expected": os.waitstatus_to_exitcode(status) == (-signal.SIGXFSZ if end == "die" else REFUSED),
        "fingerprint": fingerprint(path),
        "integrity": integrity(path),
        "unfinished": sorted(name for name in after if name.endswith(".unfinished")),
        "new_files": sorted(
            name
            for name in after - before
            if not name.endswith((".unfinished", ".backups", ".replaced.backup", "-journal"))
        ),
    }


def _restore(saved: Path, path: Path) -> None:
    asyncio.run(restore_file(saved, path, now_ms=0))


def main(path: Path, saved: Path) -> list[dict[str, object]]:
    """Return the outcomes of all interruptions."""
    size = saved.stat().st_size
    back_up = partial(back_up_file, path, path.with_name("other.db"), overwrite=False, timeout_ms=5_000)
    restore = partial(_restore, saved, path)
    works: dict[str, tuple[Callable[[], object], int]] = dict(
        zip(WORKS, ((back_up, path.stat().st_size // 2), (restore, size // 2), (restore, size)), strict=True)
    )
    return [outcome(path, works[name][0], name, works[name][1], end) for name, end in product(WORKS, ("die", "full"))]


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201  its answer
