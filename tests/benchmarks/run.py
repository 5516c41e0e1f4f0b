"""`.venv/bin/python tests/benchmarks/run.py [--only NAME] [--runs N] [--quick]`: measure, print and save a table."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.command import main  # after the path is set, as under pytest

if __name__ == "__main__":
    main()
