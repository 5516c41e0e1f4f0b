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
    SectionName.FUNNEL: "Booking funnel",
    SectionName.DEMAND: "Requested times",
    SectionName.SUPPLY: "Unbooked start times",
    SectionName.REFUSED: "Requests without an offer",
    SectionName.UTILIZATION: "Use of working time",
    SectionName.ASSIGNMENT: "How technicians were chosen",
    SectionName.FAIRNESS: "Bookings compared with working time",
    SectionName.TIMES: "Response times",
    SectionName.GAPS: "Changes that would win lost callers",
}
