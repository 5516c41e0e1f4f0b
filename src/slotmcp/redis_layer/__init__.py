"""Redis: what the servers of a fleet tell each other. It makes things fast and decides nothing."""
