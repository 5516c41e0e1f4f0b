"""Businesses that the simulated callers call, described for the checker."""

from dataclasses import dataclass
from typing import Final

MINUTES_A_DAY: Final = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Service: a kind of appointment."""

    minutes: int
    before: int = 0
    after: int = 0
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """Technicians who work every day of the week from `opens` to `closes`, in minutes of the day in UTC."""

    id: str
    technicians: dict[str, frozenset[str]]
    """Skills by technician."""
    jobs: dict[str, Job]
    grid: int
    opens: int = 480
    closes: int = 1080
    horizon_days: int = 20
    hold_seconds: int = 120
    can_be_full: bool = False
    """True: its callers can take every start, so that a refusal may have no alternatives."""


def one_kind(name: str, *, technicians: int = 3) -> Business:
    """Return a business whose technicians all do the same job: a start's capacity is their number."""
    everybody = {f"tech-{number}": frozenset[str]() for number in range(technicians)}
    return Business(id=name, technicians=everybody, jobs={"visit": Job(minutes=60)}, grid=30)


def many_kinds(name: str) -> Business:
    """Return a business with various lengths, buffers and skills."""
    gas, hvac = frozenset({"gas"}), frozenset({"hvac"})
    skills = [gas, gas, gas, hvac, hvac, hvac, gas | hvac, gas | hvac]
    jobs = {
        "consult": Job(minutes=45),
        "gas-check": Job(minutes=30, after=15, skills=gas),
        "hvac-repair": Job(minutes=90, before=10, after=10, skills=hvac),
        "heat-pump": Job(minutes=60, after=15, skills=gas | hvac),
    }
    technicians = {f"tech-{number}": one for number, one in enumerate(skills)}
    return Business(id=name, technicians=technicians, jobs=jobs, grid=15)


def few_kinds(name: str, *, hold_seconds: int) -> Business:
    """Return a small business, so that callers meet often and histories stay short."""
    technicians = {"ana": frozenset({"gas"}), "ben": frozenset({"gas"}), "cem": frozenset[str]()}
    jobs = {
        "visit": Job(minutes=60),
        "gas-check": Job(minutes=30, after=15, skills=frozenset({"gas"})),
        "boiler": Job(minutes=90, before=15, skills=frozenset({"gas"})),
    }
    return Business(
        id=name,
        technicians=technicians,
        jobs=jobs,
        grid=30,
        closes=720,
        hold_seconds=hold_seconds,
        can_be_full=True,
    )
