"""Metrics as text, of one process or of all processes that share a folder."""

import os
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.values import ValueClass

from slotmcp.telemetry.metrics import REGISTRY

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition() -> bytes:
    """Return all metrics in Prometheus's text format."""
    if ValueClass.__name__ != "MmapedValue":  # the library reads the environment when it is imported
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    collector = MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library's
    _remove_dead_processes(Path(collector._path))  # noqa: SLF001  only the library may read the environment here
    return generate_latest(registry)


def _remove_dead_processes(folder: Path) -> None:
    """Remove the gauges of dead workers, whose death their supervisor does not report."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*_*.db")}:
        if not _is_alive(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call] # the library's


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # on Windows, os.kill would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
