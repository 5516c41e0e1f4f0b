"""`python -m slotmcp` is `slotmcp`."""

from slotmcp.cli import main

main()
