"""`.venv/bin/python tests/benchmarks/soak.py [--minutes 10]`: use a server, measure its memory and times."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.scale.soak import main  # after the path is set, as under pytest

if __name__ == "__main__":
    main()
