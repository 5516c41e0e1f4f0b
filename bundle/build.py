"""Build dist/slotmcp.mcpb, the bundle for desktop clients: the source, the locked packages and a complete manifest."""

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from slotmcp.tools.server import CALLER_TOOLS

ROOT = Path(__file__).resolve().parents[1]
MCPB = ROOT / "tests" / "release" / "node_modules" / ".bin" / "mcpb"
DEFAULT_GROUPS = 'default-groups = ["dev", "bench"]'


def build(target: Path) -> None:
    """Validate the manifest and write the bundle."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="slotmcp-bundle-") as name:
        folder = Path(name)
        stage(folder)
        subprocess.run([MCPB, "validate", folder / "manifest.json"], check=True)
        subprocess.run([MCPB, "pack", folder, target], check=True)


def stage(folder: Path) -> None:
    """Copy the content of the bundle to an empty folder."""
    for name in ("uv.lock", "README.md", "LICENSE", "bundle/server.py"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    if DEFAULT_GROUPS not in project:
        raise ValueError(f"pyproject.toml must have the line {DEFAULT_GROUPS}")
    # a host that runs `uv run server.py` itself must not install the development groups
    (folder / "pyproject.toml").write_text(project.replace(DEFAULT_GROUPS, "default-groups = []"), "utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest(), indent=2), "utf-8")


def manifest() -> dict[str, object]:
    """Return the manifest with the version of the package and the tools of the server."""
    written: dict[str, object] = json.loads((ROOT / "bundle" / "manifest.json").read_text("utf-8"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    tools = [{"name": tool.name, "description": first_sentence(tool.description)} for tool in CALLER_TOOLS]
    return {**written, "version": version, "tools": tools}


def first_sentence(text: str) -> str:
    """Return the first sentence of a description."""
    return text.strip().partition(". ")[0].rstrip(".") + "."


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
