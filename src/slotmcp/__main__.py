"""Entry point of `python -m slotmcp`, which equals `slotmcp`."""

from slotmcp.cli import main

main()
