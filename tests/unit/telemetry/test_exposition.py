"""Processes that share a folder are told of together, and the dead among them count for what they did alone."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

TELLS: Final = """
import sys
from slotmcp import telemetry
from slotmcp.telemetry.exposition import exposition
up, in_use = map(int, sys.argv[1:])
telemetry.record_tool_call("get_slots", "ok", 0.1)
telemetry.record_dependency_check("database", is_up=bool(up), seconds=0.5)
telemetry.record_connections("database", in_use)
print(exposition().decode())
if sys.stdin.readline() == "say it again\\n":
    print(exposition().decode())
"""


def process(folder: Path, *, up: int, in_use: int) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  ourselves
        [sys.executable, "-c", TELLS, str(up), str(in_use)],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said_by(one: subprocess.Popen[str]) -> str:
    """What it says until the metric that is told last."""
    assert one.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1] == "\n"):
        lines.append(one.stdout.readline())
    return "".join(lines)


def test_gauges_of_a_process_that_died_do_not_count_and_its_calls_do(tmp_path: Path) -> None:
    with process(tmp_path, up=0, in_use=5) as broken, process(tmp_path, up=1, in_use=2) as whole:
        said_by(broken)
        said_by(whole)
        broken.kill()
        broken.wait()
        told, _ = whole.communicate("say it again\n")
    assert 'slotmcp_dependency_up{dependency="database"} 1.0' in told
    assert 'slotmcp_connections_in_use{dependency="database"} 2.0' in told
    assert 'slotmcp_tool_calls_total{outcome="ok",tool="get_slots"} 2.0' in told


def test_gauges_of_those_who_live_count_together(tmp_path: Path) -> None:
    with process(tmp_path, up=0, in_use=5) as broken, process(tmp_path, up=1, in_use=2) as whole:
        said_by(broken)
        said_by(whole)
        told, _ = whole.communicate("say it again\n")
        broken.communicate("enough\n")
    assert 'slotmcp_dependency_up{dependency="database"} 0.0' in told, "not every process reaches it"
    assert 'slotmcp_connections_in_use{dependency="database"} 7.0' in told
