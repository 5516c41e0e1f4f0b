"""The parts of a report, and what each is called, on a terminal and in a browser."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class SectionName(StrEnum):
    """A part of a report, as --section takes it."""

    FUNNEL = "funnel"
    DEMAND = "demand"
    SUPPLY = "supply"
    REFUSED = "refused"
    UTILIZATION = "utilisation"
    ASSIGNMENT = "assignment"
    FAIRNESS = "fairness"
    TIMES = "times"
    GAPS = "gaps"


TITLES: Final[Mapping[SectionName, str]] = {
    SectionName.FUNNEL: "How far conversations came",
    SectionName.DEMAND: "When callers wanted a time",
    SectionName.SUPPLY: "Starts left free",
    SectionName.REFUSED: "Why nothing could be offered",
    SectionName.UTILIZATION: "What open time was used for",
    SectionName.ASSIGNMENT: "What decided who was sent",
    SectionName.FAIRNESS: "Whose bookings, against their share of open time",
    SectionName.TIMES: "How long calls took",
    SectionName.GAPS: "What would have won lost callers",
}
