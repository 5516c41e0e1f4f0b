"""`python tests/benchmarks/run.py [--only NAME] [--quick]`: measure, print a table, keep it as JSON."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.command import main  # tests are found by path, here as under pytest

if __name__ == "__main__":
    main()
