"""`make examples`: run each example that needs packages of its own, in its own environment."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clients.examples import main  # after the path is set, as under pytest

if __name__ == "__main__":
    main()
