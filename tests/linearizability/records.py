"""Facts of a history that explain single messages: the results of each request, and the times of holds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from concurrency.business import Business
from concurrency.wire import Attempt, Body
from concurrency.wire import minute_of as minute
from linearizability.capacity import Claim, Team


@dataclass(frozen=True)
class Records:
    """Messages about one business, which must contain all messages that change it."""

    business: Business
    attempts: Sequence[Attempt]

    @cached_property
    def team(self) -> Team:
        return Team(self.business)

    @cached_property
    def bodies(self) -> Mapping[int, list[Body]]:
        """Successful results by request."""
        found = defaultdict(list)
        for one in self.attempts:
            if one.has_worked:
                found[one.request].append(one.body)
        return found

    @cached_property
    def holds(self) -> Mapping[str, Attempt]:
        """An attempt that returned a hold, by token."""
        made = (one for one in self.attempts if one.tool == "create_hold" and one.has_worked)
        return {one.body["holdToken"]: one for one in made}

    @cached_property
    def offers(self) -> Mapping[str, Attempt]:
        """The first result that shows an offer of the waitlist, by token."""
        found: dict[str, Attempt] = {}
        for one in sorted(self.attempts, key=lambda one: one.answered_ms):
            if one.tool == "join_waitlist" and one.has_worked and "offer" in one.body:
                found.setdefault(one.body["offer"]["holdToken"], one)
        return found

    @cached_property
    def waits(self) -> Mapping[str, frozenset[str]]:
        """Waitlist entries by email address."""
        found: dict[str, frozenset[str]] = defaultdict(frozenset)
        for one in self.attempts:
            if one.tool == "join_waitlist" and one.has_worked:
                found[one.arguments["customerEmail"]] |= {one.body["waitId"]}
        return found

    @cached_property
    def services(self) -> Mapping[str, str]:
        """Service of each booking, by id."""
        bookings = (body["booking"] for bodies in self.bodies.values() for body in bodies if "booking" in body)
        return {one["bookingId"]: one["serviceType"] for one in bookings}

    def requests_of(self, email: str) -> frozenset[str]:
        """Return the requests of a customer that may have made a booking."""
        return frozenset(str(one.request) for one in self.attempts if one.arguments.get("customerEmail") == email)

    def service_of(self, attempt: Attempt) -> str:
        """Return the service that an attempt concerns."""
        arguments = attempt.arguments
        if token := arguments.get("holdToken"):
            return self.held(token).service
        if booking := arguments.get("bookingId"):
            return self.services[booking]
        return str(arguments["serviceType"])

    def wanted(self, attempt: Attempt) -> Claim:
        """Return the requested time."""
        service, start = attempt.arguments["serviceType"], minute(attempt.arguments["start"])
        return Claim(service, start, start + self._minutes(attempt.arguments), "held")

    def window(self, attempt: Attempt) -> tuple[Claim, ...]:
        """Return a claim at each start of the requested window."""
        arguments = attempt.arguments
        first, last = minute(arguments["from"]), minute(arguments["to"])
        return tuple(self.team.starts(arguments["serviceType"], self._minutes(arguments), first, last))

    def held(self, token: str) -> Claim:
        """Return the time of a hold or an offer."""
        if token in self.holds:
            return self.wanted(self.holds[token])
        offered = self.offers[token]
        offer = offered.body["offer"]
        return Claim(offered.arguments["serviceType"], minute(offer["start"]), minute(offer["end"]), "held")

    def _minutes(self, arguments: Body) -> int:
        return int(arguments.get("durationMinutes", self.business.jobs[arguments["serviceType"]].minutes))
