"""The command line of the benchmarks rejects what it cannot measure."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")


@pytest.mark.parametrize("options", [["--only", "no-such-row"], ["--only", "engine-500x31", "--quick"]])
def test_a_run_without_rows_is_refused(options: list[str]) -> None:
    done = subprocess.run([sys.executable, RUN, *options], capture_output=True, text=True, check=False)  # noqa: S603  this checkout
    assert (done.returncode, done.stdout) == (2, "")
    assert "no row" in done.stderr
