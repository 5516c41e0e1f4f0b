"""`python tests/fuzzing/fuzz.py [--minutes 10]`: throw anything at a server, and print what came of it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzzing.command import main  # tests are found by path, here as under pytest

if __name__ == "__main__":
    main()
