"""Reports on calls, and changes that would have won lost callers."""
