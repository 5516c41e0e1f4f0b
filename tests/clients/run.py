"""`make clients`: each client, in an environment of its own, talks with the server; writes docs/reference/clients.md."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clients.command import main  # after the path is set, as under pytest

if __name__ == "__main__":
    main()
