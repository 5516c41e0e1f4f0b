"""The examples: each is listed, runs as its page says, and prints what its page shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from project.repository import ROOT

EXAMPLES = ROOT / "examples"
CALLS = sorted(EXAMPLES.glob("*/call.py"))
LIMIT_SECONDS = 100


def name_of(call: Path) -> str:
    return call.parent.name


def test_each_folder_is_in_the_list() -> None:
    listed = re.findall(r"^\| \[([\w-]+)\]", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


def test_there_are_calls() -> None:
    assert {"nearest-technician", "change-of-mind"} <= {name_of(call) for call in CALLS}


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_a_call_checks_itself_and_says_what_its_page_shows(call: Path) -> None:
    command = [sys.executable, str(call)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)  # noqa: S603  ourselves
    assert (done.returncode, done.stderr) == (0, "")
    page = (call.parent / "README.md").read_text("utf-8")
    (shown,) = re.findall(r"^```console\n\$ [^\n]+\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert done.stdout == shown
