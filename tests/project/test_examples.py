"""Each example is listed, runs, and prints the output on its page.

SLOTMCP_REWRITE=1 .venv/bin/pytest tests/project/test_examples.py writes the output into the pages.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from project.repository import ROOT

EXAMPLES = ROOT / "examples"
CALLS = sorted(EXAMPLES.glob("*/call.py"))
LIMIT_SECONDS = 100
REWRITE = "SLOTMCP_REWRITE"
SHOWN = re.compile(r"^(```console\n\$ [^\n]+\n)(.*?)(?=^```)", re.MULTILINE | re.DOTALL)
"""A command on a page and its output."""


def name_of(call: Path) -> str:
    return call.parent.name


def test_each_folder_is_listed() -> None:
    listed = re.findall(r"^\| \[([\w-]+)\]", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


def test_the_expected_calls_exist() -> None:
    assert {"nearest-technician", "change-of-mind"} <= {name_of(call) for call in CALLS}


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_a_call_succeeds_and_prints_the_output_on_its_page(call: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name != REWRITE
    }  # the product refuses it as a setting
    done = subprocess.run(  # noqa: S603  our own script
        [sys.executable, str(call)], env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    page = call.parent / "README.md"
    if REWRITE in os.environ:
        page.write_text(SHOWN.sub(lambda shown: shown[1] + done.stdout, page.read_text("utf-8")), "utf-8")
    assert [shown[2] for shown in SHOWN.finditer(page.read_text("utf-8"))] == [done.stdout]
