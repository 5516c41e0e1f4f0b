"""`make clients`: let each client, in an environment of its own, talk with a server."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clients.command import main  # after the path is set, as under pytest

if __name__ == "__main__":
    main()
