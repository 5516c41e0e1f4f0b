"""What the doctor finds: good, to be done next, or broken."""

from dataclasses import dataclass
from enum import StrEnum

from slotmcp.cli.exits import Exit


class Mark(StrEnum):
    """How a finding is."""

    GOOD = "ok"
    NEXT = "next"
    """Nothing is broken; this is what to do."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    mark: Mark
    subject: str
    text: str
    code: Exit = Exit.FINE


STYLES = {Mark.GOOD: "green", Mark.NEXT: "cyan", Mark.BROKEN: "bold red"}
