"""All metrics as text, of one process or of all that share a folder."""

import os
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.values import ValueClass

from slotmcp.telemetry.declared import REGISTRY

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition() -> bytes:
    """All metrics, as Prometheus reads them; of all processes that share the folder."""
    if not _are_shared():
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    collector = MultiProcessCollector(together)  # type: ignore[no-untyped-call] # the library's
    _forget_the_dead(Path(collector._path))  # noqa: SLF001  it read the environment, which is not ours to read
    return generate_latest(together)


def _are_shared() -> bool:
    return bool(ValueClass.__name__ == "MmapedValue")  # the library decides by the environment, when it is imported


def _forget_the_dead(folder: Path) -> None:
    """Let the gauges of a worker that died count no longer: whoever watches over workers does not say so."""
    pids = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*_*.db")}
    for pid in pids:
        if not _is_alive(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call] # the library's


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # there, the signal would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
