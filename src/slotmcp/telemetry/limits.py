"""Report of limits that took effect: each one is counted, and logged once a minute."""

from typing import Final

from slotmcp.telemetry.logs import RepeatedWarning
from slotmcp.telemetry.metrics import LIMITS, Limit

_WARNINGS: Final = {limit: RepeatedWarning("limit") for limit in Limit}


def report_limit(limit: Limit, *, credential: str) -> None:
    """Report that a limit took effect for a credential."""
    LIMITS.labels(limit).inc()
    _WARNINGS[limit].log(limit=limit.value, credential=credential)
