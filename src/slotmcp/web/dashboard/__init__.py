"""Operator dashboard in the browser."""
