"""The build steps of the image, run without Docker: the result starts and contains no test packages."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from project.repository import ROOT
from project.test_deploy import read_json_words
from support.http_server import START_SECONDS

BUILD, RUN = (ROOT / "Dockerfile").read_text().split("\n\n")[-2:]
LIMIT_SECONDS: Final = 110
BIN: Final = Path(sys.executable).parent


def test_the_image_starts_and_reports_its_health(tmp_path: Path) -> None:
    app = tmp_path / "app"
    build(app)
    home = {"PATH": f"{app}/.venv/bin:{os.environ['PATH']}", "XDG_DATA_HOME": str(tmp_path / "lib")}
    key = run("slotmcp", "keys", "create", "--project", "*", folder=app, **home)
    assert key.startswith("slk_")
    assert (tmp_path / "lib" / "slotmcp" / "slotmcp.db").is_file()
    assert (
        run("python", "-c", "import importlib.util as u; print(u.find_spec('pytest'))", folder=app, **home) == "None\n"
    )
    command = [*read_json_words("ENTRYPOINT"), *with_free_port(read_json_words("CMD"))]
    with subprocess.Popen(command, cwd=app, env={**os.environ, **home}, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  our own program
        try:
            assert process.stderr is not None
            port = process.stderr.readline().partition("/mcp")[0].rpartition(":")[2]
            (_, *healthy) = read_json_words(r"    CMD")
            assert run("python", *[word.replace("8000", port) for word in healthy], folder=app, **home) == ""
        finally:
            process.terminate()
            process.wait(START_SECONDS)
    with pytest.raises(AssertionError):
        run("python", *[word.replace("8000", port) for word in healthy], folder=app, **home)


def build(folder: Path) -> None:
    """Run the steps of the build stage in a folder, with the packages of this Python."""
    folder.mkdir()
    for instruction, words in re.findall(r"^(COPY|RUN) (.+)$", BUILD, re.MULTILINE):
        if instruction == "COPY":
            copy(folder, shlex.split(words))
        elif words.startswith("uv "):
            run_step(*shlex.split(words), folder=folder)


def run_step(*command: str, folder: Path) -> None:
    """Run a step offline with the prepared packages, or online if that fails."""
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "UV_PYTHON": sys.executable,
        "UV_PROJECT_ENVIRONMENT": ".venv",
    }
    try:
        run(*command, folder=folder, UV_OFFLINE="1", **environment)
    except AssertionError:
        run(*command, folder=folder, **environment)


def copy(folder: Path, words: list[str]) -> None:
    (*names, target) = words
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)


def run(*command: str, folder: Path, **environment: str) -> str:
    """Return the output of a command."""
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    done = subprocess.run(  # noqa: S603  our own program
        [program, *command[1:]], cwd=folder, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_free_port(words: list[str]) -> list[str]:
    return ["127.0.0.1" if word == "0.0.0.0" else "0" if word == "8000" else word for word in words]  # noqa: S104  the address is replaced
