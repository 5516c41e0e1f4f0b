"""Whose tools there are."""

from enum import StrEnum


class Toolset(StrEnum):
    """Whose tools are served."""

    CALLER = "caller"
    """Those of an agent that speaks with callers."""
    OPERATOR = "operator"
    """Those, and the ones of whoever runs the business."""
