"""Holds: one unit of a start's capacity, kept for a caller who is thinking."""

import json
from dataclasses import dataclass

from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.errors import HoldLimit, InvalidArgument, SlotUnavailable
from slotmcp.engine.availability import Availability
from slotmcp.engine.slots import check_start
from slotmcp.ports import Ids, LiveHolds, Store, Transaction
from slotmcp.services.alternatives import LostSlot, refusal, with_alternatives
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.intents import Appointment, StartRequest, find_appointment
from slotmcp.services.noting import record_hold, record_wish
from slotmcp.services.receipts import Keys, keys_of
from slotmcp.services.taking import take_hold
from slotmcp.services.tracing import span
from slotmcp.services.travel import TravelLookup
from slotmcp.services.turning_away import lost_beforehand
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_queue import count_live_offers, leave_waitlist, offer_freed_time

MIN_TTL_SECONDS = 60
MAX_TTL_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest(StartRequest):
    """A start to be kept for a customer."""

    customer_reference: str
    """The caller's opaque reference; only its hash with the project's salt is kept."""
    ttl_seconds: int | None = None
    idempotency_key: str = ""
    credential: str = "local"
    """Whose idempotency keys these are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAnswer:
    """A hold that was granted. The technician in it is a witness and is not told."""

    project: Project
    service: ServiceType
    hold: Hold
    capacity_left: int
    """How many more callers this start could serve after the hold was granted."""
    now_ms: int
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAnswer:
    """What became of a hold that was to be given back."""

    project: Project
    now_ms: int
    released: bool
    """False when there was nothing to give back: unknown, lapsed or released before."""
    booked: bool = False
    """It has become a booking, and stays one."""
    waited: bool = False
    """It was a place on the waitlist."""


class HoldService:
    """Keeps and gives back."""

    def __init__(
        self,
        *,
        store: Store,
        live: LiveHolds,
        availability_cache: AvailabilityCache,
        ids: Ids,
        travel_lookup: TravelLookup,
    ) -> None:
        self._store = store
        self._live = live
        self._availability_cache = availability_cache
        self._ids = ids
        self._travel_lookup = travel_lookup

    async def create_hold(self, request: HoldRequest) -> HoldAnswer:
        """Hold one unit of a start's capacity.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldLimit, IdempotencyMismatch, Unavailable.
        """
        _check_ttl(request.ttl_seconds)
        project_id = await self._availability_cache.project_id(request.project_id)
        routed = await self._travel_lookup.for_start(project_id, request)
        if not request.idempotency_key and (
            lost := await lost_beforehand(self._availability_cache, project_id, request, routed)
        ):
            record_wish(lost.availability, lost.appointment)
            raise refusal(lost.availability, _lost(lost.appointment))

        async def unit(transaction: Transaction) -> HoldAnswer:
            await transaction.lapse_holds()
            availability = await self._availability_cache.locked(transaction)
            appointment = find_appointment(availability.schedule, request, routed)
            record_wish(availability, appointment)
            customer = transaction.pseudonym(request.customer_reference)
            keys = _keys(transaction, request, appointment)
            if answer := await _replay(transaction, keys, availability, appointment):
                return answer
            await _check_limit(transaction, availability.schedule.project, customer)
            hold = await self._take(transaction, availability, appointment, customer, request.ttl_seconds)
            after = check_start(await self._availability_cache.locked(transaction), appointment.need, appointment.start)
            capacity_left = after.capacity if after else 0
            await keys.remember(transaction, json.dumps({"token": hold.token, "capacityLeft": capacity_left}))
            return _answer(transaction, availability, appointment, hold, capacity_left, replayed=False)

        with span("transaction"):
            answer = await with_alternatives(self._availability_cache, project_id, self._store.write(project_id, unit))
        record_hold(answer.hold.claim.id, answer.capacity_left, was_replayed=answer.replayed)
        if not answer.replayed:
            await self._live.add(project_id, answer.hold, now_ms=answer.now_ms)
        return answer

    async def release_hold(self, project_id: str | None, token: str) -> ReleaseAnswer:
        """Give a hold back, or by a wait's id a place on the waitlist. Doing it again is no error.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        project_id = await self._availability_cache.project_id(project_id)

        async def unit(transaction: Transaction) -> ReleaseAnswer:
            project = (await transaction.schedule()).project
            if wait := await transaction.wait(token):
                has_left = await leave_waitlist(UnitOfWork(transaction, self._availability_cache, self._ids), [wait])
                return ReleaseAnswer(project=project, now_ms=transaction.now_ms, released=has_left, waited=True)
            hold = await transaction.hold(token)
            if hold is None or hold.state is not ClaimState.HELD or not hold.claim.is_live(transaction.now_ms):
                is_booked = hold is not None and hold.state is ClaimState.BOOKED
                return ReleaseAnswer(project=project, now_ms=transaction.now_ms, released=False, booked=is_booked)
            await transaction.release_hold(hold.claim.id)
            await offer_freed_time(UnitOfWork(transaction, self._availability_cache, self._ids))
            return ReleaseAnswer(project=project, now_ms=transaction.now_ms, released=True)

        answer = await self._store.write(project_id, unit)
        await self._live.remove(project_id, token)
        return answer

    async def _take(
        self,
        transaction: Transaction,
        availability: Availability,
        appointment: Appointment,
        customer: str,
        ttl_seconds: int | None,
    ) -> Hold:
        hold = await take_hold(
            UnitOfWork(transaction, self._availability_cache, self._ids),
            availability,
            appointment,
            customer_pseudonym=customer,
            lives_ms=(ttl_seconds or availability.schedule.project.hold_ttl_seconds) * 1000,
        )
        if hold is None:
            raise _lost(appointment)
        return hold


def _keys(transaction: Transaction, request: HoldRequest, appointment: Appointment) -> Keys:
    return keys_of(
        transaction,
        use_case="create_hold",
        credential=request.credential,
        keys=(request.idempotency_key,),
        request=(
            appointment.service.id,
            appointment.start,
            appointment.need.duration_minutes,
            request.technician_id,
            request.customer_reference,
            request.ttl_seconds,
            *((request.location,) if request.location else ()),
        ),
    )


async def _replay(
    transaction: Transaction, keys: Keys, availability: Availability, appointment: Appointment
) -> HoldAnswer | None:
    answer = await keys.recall(transaction)
    if answer is None:
        return None
    first = json.loads(answer)
    hold = await transaction.hold(first["token"])
    if hold is None:
        return None
    return _answer(transaction, availability, appointment, hold, first["capacityLeft"], replayed=True)


def _answer(  # noqa: PLR0913  the facts of the answer
    transaction: Transaction,
    availability: Availability,
    appointment: Appointment,
    hold: Hold,
    capacity_left: int,
    *,
    replayed: bool,
) -> HoldAnswer:
    return HoldAnswer(
        project=availability.schedule.project,
        service=appointment.service,
        hold=hold,
        capacity_left=capacity_left,
        now_ms=transaction.now_ms,
        replayed=replayed,
    )


async def _check_limit(transaction: Transaction, project: Project, customer: str) -> None:
    most = project.max_holds_per_customer
    live = await transaction.live_holds_of(customer)
    # What the waitlist keeps for them is not of their doing.
    if live >= most and live - await count_live_offers(transaction, customer) >= most:
        raise HoldLimit(
            f"This customer already holds {most} times, as many as the project allows. "
            "Book or release one of them first."
        )


def _check_ttl(ttl_seconds: int | None) -> None:
    if ttl_seconds is not None and not MIN_TTL_SECONDS <= ttl_seconds <= MAX_TTL_SECONDS:
        raise InvalidArgument("ttlSeconds", f"give a time from {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS} seconds.")


def _lost(appointment: Appointment) -> LostSlot:
    return LostSlot(
        SlotUnavailable, "That time cannot be had, so nothing is held.", appointment.need, appointment.start
    )
