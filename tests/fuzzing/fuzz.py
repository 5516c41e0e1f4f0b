"""`.venv/bin/python tests/fuzzing/fuzz.py tools|bytes [--minutes 10]`: send random input to a server."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzzing.command import main  # after the path is set, as under pytest

if __name__ == "__main__":
    main()
