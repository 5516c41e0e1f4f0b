"""The image's own steps, taken without an engine: what they make starts, and has nothing in it that is not needed."""

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


def test_what_the_image_is_made_of_starts_and_says_that_it_is_alive(tmp_path: Path) -> None:
    app = tmp_path / "app"
    build(app)
    home = {"PATH": f"{app}/.venv/bin:{os.environ['PATH']}", "XDG_DATA_HOME": str(tmp_path / "lib")}
    key = run("slotmcp", "keys", "create", "--project", "*", folder=app, **home)
    assert key.startswith("slk_")
    assert (tmp_path / "lib" / "slotmcp" / "slotmcp.db").is_file()
    assert (
        run("python", "-c", "import importlib.util as u; print(u.find_spec('pytest'))", folder=app, **home) == "None\n"
    )
    command = [*read_json_words("ENTRYPOINT"), *port_of_its_own(read_json_words("CMD"))]
    with subprocess.Popen(command, cwd=app, env={**os.environ, **home}, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  ourselves
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
    """Take the first stage's steps in a folder, with the same packages that this Python has."""
    folder.mkdir()
    for instruction, words in re.findall(r"^(COPY|RUN) (.+)$", BUILD, re.MULTILINE):
        if instruction == "COPY":
            copy(folder, shlex.split(words))
        elif words.startswith("uv "):
            take(*shlex.split(words), folder=folder)


def take(*command: str, folder: Path) -> None:
    """Take a step with what was brought when the tests were prepared, and with the network where that is gone."""
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
    """What a command prints."""
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    done = subprocess.run(  # noqa: S603  ourselves
        [program, *command[1:]], cwd=folder, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def port_of_its_own(words: list[str]) -> list[str]:
    return ["127.0.0.1" if word == "0.0.0.0" else "0" if word == "8000" else word for word in words]  # noqa: S104  it is what is replaced
