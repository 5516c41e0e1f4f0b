"""Processes that share a folder have one exposition; of dead processes only the counters count."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

PROGRAM: Final = """
import sys
from slotmcp import telemetry
from slotmcp.telemetry.exposition import exposition
up, in_use = map(int, sys.argv[1:])
telemetry.record_tool_call("get_slots", "ok", 0.1)
telemetry.record_dependency_check("database", is_up=bool(up), seconds=0.5)
telemetry.record_connections("database", in_use)
print(exposition().decode())
if sys.stdin.readline() == "again\\n":
    print(exposition().decode())
"""


def process(folder: Path, *, up: int, in_use: int) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  ourselves
        [sys.executable, "-c", PROGRAM, str(up), str(in_use)],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_exposition(one: subprocess.Popen[str]) -> str:
    """Return the lines up to the blank one at the end."""
    assert one.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1] == "\n"):
        lines.append(one.stdout.readline())
    return "".join(lines)


def test_gauges_of_a_dead_process_do_not_count_and_its_counters_do(tmp_path: Path) -> None:
    with process(tmp_path, up=0, in_use=5) as broken, process(tmp_path, up=1, in_use=2) as whole:
        read_exposition(broken)
        read_exposition(whole)
        broken.kill()
        broken.wait()
        text, _ = whole.communicate("again\n")
    assert 'slotmcp_dependency_up{dependency="database"} 1.0' in text
    assert 'slotmcp_connections_in_use{dependency="database"} 2.0' in text
    assert 'slotmcp_tool_calls_total{outcome="ok",tool="get_slots"} 2.0' in text


def test_gauges_of_live_processes_add_up(tmp_path: Path) -> None:
    with process(tmp_path, up=0, in_use=5) as broken, process(tmp_path, up=1, in_use=2) as whole:
        read_exposition(broken)
        read_exposition(whole)
        text, _ = whole.communicate("again\n")
        broken.communicate("enough\n")
    assert 'slotmcp_dependency_up{dependency="database"} 0.0' in text, "not every process reaches it"
    assert 'slotmcp_connections_in_use{dependency="database"} 7.0' in text
