"""Availability engine: pure functions over a schedule. The current time is always an argument."""
