"""Reports: what came of the calls, and what would have won who was lost."""
