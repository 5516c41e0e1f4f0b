"""`.venv/bin/python tests/benchmarks/proximity.py [--seeds N]`: driving distances of each assignment policy."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.proximity_table import main  # after the path is set, as under pytest

if __name__ == "__main__":
    main()
