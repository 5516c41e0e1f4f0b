"""A store that counts what becomes of holds, once it is committed, and how far conversations come."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from slotmcp import telemetry
from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.trace import Trace
from slotmcp.ports import Store, Transaction, Unit
from slotmcp.services.reporting.journeys import count_journeys
from slotmcp.telemetry import HoldEvent

T = TypeVar("T")


class CountedStore:
    """The port's Store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all in which there is nothing to count
        return getattr(self._store, name)

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        """As the port says."""
        events = Counter[HoldEvent]()

        async def counted(transaction: Transaction) -> T:
            events.clear()  # it may be run more than once
            return await unit(cast("Transaction", _Counted(transaction, events)))

        value = await self._store.write(project_id, counted, create=create)
        telemetry.holds_changed(events)
        return value

    async def add_traces(self, traces: Sequence[Trace]) -> None:
        """As the port says."""
        await self._store.add_traces(traces)
        await count_journeys(self._store, traces)


class _Counted:
    """The port's Transaction."""

    def __init__(self, transaction: Transaction, events: Counter[HoldEvent]) -> None:
        self._transaction = transaction
        self._events = events
        self._lapsed = set[str]()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all in which there is nothing to count
        return getattr(self._transaction, name)

    async def lapse_holds(self) -> int:
        lapsed = await self._transaction.lapse_holds()
        self._events[HoldEvent.EXPIRED] += lapsed
        return lapsed

    async def hold(self, token: str) -> Hold | None:
        hold = await self._transaction.hold(token)
        if hold is not None and hold.state is ClaimState.LAPSED:
            self._lapsed.add(hold.claim.id)
        return hold

    async def add_hold(self, hold: Hold) -> None:
        await self._transaction.add_hold(hold)
        self._events[HoldEvent.CREATED] += 1

    async def move_hold(self, claim_id: str, technician_id: str) -> None:
        await self._transaction.move_hold(claim_id, technician_id)
        self._events[HoldEvent.MOVED] += 1

    async def release_hold(self, claim_id: str) -> None:
        await self._transaction.release_hold(claim_id)
        self._events[HoldEvent.RELEASED] += 1

    async def withdraw_hold(self, claim_id: str) -> None:
        await self._transaction.withdraw_hold(claim_id)
        self._events[HoldEvent.WITHDRAWN] += 1

    async def confirm_hold(self, booking: Booking) -> None:
        await self._transaction.confirm_hold(booking)
        self._events[HoldEvent.BOOKED] += 1
        self._events[HoldEvent.REVIVED] += booking.id in self._lapsed
