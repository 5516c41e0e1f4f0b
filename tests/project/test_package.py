"""The package: its exports, its start and its registry entry."""

import json
import re
import subprocess
import sys
from importlib.metadata import entry_points, version

import slotmcp
from project.repository import ROOT, pyproject
from slotmcp.tools.server import CALLER_TOOLS

SERVER = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))


def test_the_package_itself_exports_nothing() -> None:
    assert [name for name in vars(slotmcp) if not name.startswith("_") and name not in _modules()] == []


def _modules() -> set[str]:
    return {path.stem for path in (ROOT / "src" / "slotmcp").iterdir()}


def test_the_command_is_installed() -> None:
    (script,) = entry_points(group="console_scripts", name="slotmcp")
    assert script.value == "slotmcp.cli:main"


def test_one_version_everywhere() -> None:
    stated = pyproject()["project"]["version"]
    assert version("slotmcp") == SERVER["version"] == stated
    assert [package["version"] for package in SERVER["packages"]] == [stated]


def test_server_json_has_the_fields_of_a_registry() -> None:
    assert SERVER["$schema"] == "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", SERVER["name"])
    assert 1 <= len(SERVER["description"]) <= 100
    (package,) = SERVER["packages"]
    assert package["registryType"] == "pypi"
    assert package["identifier"] == pyproject()["project"]["name"]
    assert package["transport"] == {"type": "stdio"}
    assert package["packageArguments"] == [{"type": "positional", "value": "stdio"}]


def test_server_json_lists_every_setting() -> None:
    listed = set(re.findall(r"^## (SLOTMCP_\w+)", (ROOT / "docs/reference/settings.md").read_text(), re.MULTILINE))
    stated = {variable["name"] for variable in SERVER["packages"][0]["environmentVariables"]}
    assert stated == listed


def test_the_readme_has_the_servers_registry_name() -> None:
    assert f"<!-- mcp-name: {SERVER['name']} -->" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_lists_exactly_the_callers_tools() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE) == [tool.name for tool in CALLER_TOOLS]


def test_commands_start_without_the_libraries_of_servers() -> None:
    late = {
        "mcp",
        "mcp_types",
        "starlette",
        "httpx2",
        "sqlmodel",
        "sqlalchemy",
        "alembic",
        "asyncpg",
        "holidays",
        "redis",
    }
    probe = f"import sys, slotmcp.cli.commands; print(sorted({late!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603  our own interpreter
    assert done.stdout == "[]\n"
