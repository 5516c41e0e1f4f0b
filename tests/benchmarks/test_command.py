"""The command line of the benchmarks rejects what it cannot measure."""

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("run.py")


def test_a_run_without_rows_is_refused() -> None:
    done = subprocess.run([sys.executable, RUN, "--only", "no-such-row"], capture_output=True, text=True, check=False)  # noqa: S603  this checkout
    assert (done.returncode, done.stdout) == (2, "")
    assert "no row" in done.stderr
