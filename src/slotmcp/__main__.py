"""`python -m slotmcp` is `slotmcp`."""

from slotmcp.cli import main

if __name__ == "__main__":
    main()
