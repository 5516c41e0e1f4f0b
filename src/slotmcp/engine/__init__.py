"""Availability engine: pure functions over a schedule. The current time is always an argument.

Rule numbers in the docstrings refer to docs/reference/availability.md.
"""
