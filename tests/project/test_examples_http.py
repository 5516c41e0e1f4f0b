"""The examples that need no further package run against one server, and check themselves."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from project.repository import ROOT
from support.example_server import example_server

SCRIPTS: Final = sorted((ROOT / "examples").glob("*/client.*"))
INTERPRETERS: Final = {".py": sys.executable, ".mjs": "node"}
LIMIT_SECONDS: Final = 100


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with example_server(tmp_path_factory.mktemp("examples")) as variables:
        yield variables


def test_the_expected_examples_exist() -> None:
    names = {script.parent.name for script in SCRIPTS}
    assert {"retell-call", "two-callers", "typescript-client", "vapi-call"} <= names


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.parent.name)
def test_an_example_succeeds(script: Path, settings: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603  our own script
        [INTERPRETERS[script.suffix], str(script)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
