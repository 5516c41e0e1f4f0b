"""`python tests/benchmarks/proximity.py [--seeds N]`: how far technicians drive, by who is sent."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.proximity_table import main  # tests are found by path, here as under pytest

if __name__ == "__main__":
    main()
