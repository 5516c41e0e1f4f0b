"""Tests with the MCP Inspector's command line over stdio."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slotmcp.project_file.packaged import DEFAULT_SAMPLE, SAMPLE_FOLDER
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import select_tools

INSPECTOR = Path(__file__).parents[1] / "inspector" / "node_modules" / ".bin" / "mcp-inspector"
TOOL_ERRED = 5
CALLER_TOOLS = {tool.name for tool in select_tools(Toolset.CALLER)}


@dataclass(frozen=True)
class Inspector:
    """MCP Inspector, started for each request, on one database."""

    database_url: str

    def request(self, method: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the JSON that it prints."""
        server = [sys.executable, "-m", "slotmcp", "stdio", "-e", f"SLOTMCP_DATABASE_URL={self.database_url}"]
        done = self._run([str(INSPECTOR), "--cli", *server, "--method", method, *arguments])
        return done.returncode, json.loads(done.stdout)

    def call(self, tool: str, **arguments: str) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the tool's response."""
        pairs = [word for name, value in arguments.items() for word in ("--tool-arg", f"{name}={value}")]
        code, response = self.request("tools/call", "--tool-name", tool, *pairs)
        return code, response["structuredContent"]

    def import_project(self, path: Path) -> None:
        self._run([sys.executable, "-m", "slotmcp", "import", str(path)]).check_returncode()

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  our own server, and a tool that package-lock.json pins
            command,
            env={**os.environ, "SLOTMCP_DATABASE_URL": self.database_url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def inspector(tmp_path: Path) -> Inspector:
    made = Inspector(f"sqlite:///{tmp_path / 'book.db'}")
    made.import_project(SAMPLE_FOLDER / f"{DEFAULT_SAMPLE}.yaml")
    return made


def test_the_inspector_lists_every_tool_calls_one_and_reports_a_refusal(inspector: Inspector) -> None:
    listed, response = inspector.request("tools/list")
    assert (listed, {tool["name"] for tool in response["tools"]}) == (0, CALLER_TOOLS)
    called, catalog = inspector.call("list_services")
    assert (called, bool(catalog["services"])) == (0, True)
    refused, refusal = inspector.call("find_bookings", phone="0")
    assert (refused, refusal["error"]["code"]) == (TOOL_ERRED, "invalid_argument")
