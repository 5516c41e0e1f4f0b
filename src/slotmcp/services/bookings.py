"""Use cases of bookings: book, find, reschedule and cancel appointments, and set their status."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from slotmcp.domain.booking import Booking, BookingStatus, Customer
from slotmcp.domain.errors import InvalidArgument, NotFound, SlotmcpError, both
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.engine.availability import Availability
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import LiveHolds
from slotmcp.services.alternatives import early_refusal, find_lost_start
from slotmcp.services.appointments import Appointment, StartRequest, find_appointment
from slotmcp.services.booking_requests import UNAVAILABLE, BookRequest
from slotmcp.services.contacts import normalize_customer, references_of
from slotmcp.services.corrections import UpdateAnswer, UpdateRequest, update
from slotmcp.services.lookups import (
    MAX_PAST_BOOKINGS,
    BookAnswer,
    FindAnswer,
    FindRequest,
    book_answer,
    find_answer,
    is_short_notice,
    require_booking,
)
from slotmcp.services.own_holds import own_holds
from slotmcp.services.rescheduling import RescheduleAnswer, RescheduleRequest, reschedule
from slotmcp.services.revalidation import revalidate_neighbors
from slotmcp.services.slot_booking import book
from slotmcp.services.status_changes import CancelRequest, cancel, set_status
from slotmcp.services.tracing import TracedResult, record_result, span
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.unknown_holds import unknown_hold
from slotmcp.services.verification import Verification, VerificationService, may_see_details
from slotmcp.services.waitlist_queue import close_fulfilled_entries, offer_freed_time


class BookingService:
    """Use cases of bookings."""

    def __init__(
        self,
        writer: ProjectWriter,
        *,
        live: LiveHolds,
        travel_lookup: TravelLookup,
        verification: VerificationService,
    ) -> None:
        self._writer = writer
        self._store = writer.store
        self._availability_cache = writer.availability_cache
        self._live = live
        self._travel_lookup = travel_lookup
        self._verification = verification

    async def book_slot(self, request: BookRequest) -> BookAnswer:
        """Book a held start, or a start directly.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldExpired, IdempotencyMismatch, AlreadyBooked, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        request = await self._travel_lookup.located(project_id, request, address=request.visit.address)
        travel_times = await (self._prepare_held if request.hold_token else self._prepare_start)(project_id, request)

        with span("transaction"):
            answer = await self._writer.write(project_id, lambda unit: book(unit, request, travel_times))
        return await self._finish(project_id, request, answer)

    async def _finish(self, project_id: str, request: BookRequest, answer: BookAnswer) -> BookAnswer:
        """Record the result in the trace, and remove a booked hold from the live holds."""
        record_result(TracedResult(booking=answer.booking, was_replayed=answer.replayed))
        if token := request.hold_token or answer.booked_token:
            await self._live.remove(project_id, token)
        return answer

    async def _prepare_held(self, project_id: str, request: BookRequest) -> TravelTimes | None:
        """Look up travel times before the lock is taken, and reject an unknown hold token.

        Raises:
            HoldExpired: the token is unknown.
            InvalidArgument, NotFound, Unavailable.
        """
        is_retry = bool(request.idempotency_key)
        is_known = is_retry or await self._live.contains(project_id, request.hold_token)
        if is_known and not self._travel_lookup.is_routed:
            return None
        hold = await self._store.hold(project_id, request.hold_token)
        if hold is not None:
            return await self._travel_lookup.for_claim(project_id, hold.claim, request.place)
        if not is_known:
            availability = await self._availability_cache.availability(project_id)
            normalize_customer(request.customer, availability.schedule.project)  # an invalid customer is reported first
            pseudonym = await self._availability_cache.pseudonyms(project_id)
            raise unknown_hold(availability, own_holds(availability, request.identify(pseudonym, availability)))
        return None

    async def _prepare_start(self, project_id: str, request: BookRequest) -> TravelTimes | None:
        """Look up travel times before the lock is taken, and reject a start that is taken.

        A request that may be a retry is not rejected, because the original request may have taken the start.

        Raises:
            SlotUnavailable: the start is taken.
            InvalidArgument, NotFound, Unavailable.
        """
        if cached := self._availability_cache.cached(project_id):
            _report_together(request, cached)
        travel_times = await self._travel_lookup.for_start(project_id, request)
        if request.idempotency_key:
            return travel_times
        cache, pseudonym = self._availability_cache, await self._availability_cache.pseudonyms(project_id)
        lost = await find_lost_start(cache, project_id, request, travel_times, pseudonym=pseudonym)
        if lost and not await self._has_similar(project_id, request.customer, *lost):
            raise early_refusal(*lost, UNAVAILABLE)
        return travel_times

    async def _has_similar(
        self, project_id: str, customer: Customer, availability: Availability, lost: Appointment
    ) -> bool:
        """Return whether the customer may have a booking that the request means, or cannot be identified."""
        try:
            references = references_of(normalize_customer(customer, availability.schedule.project))
        except SlotmcpError:
            return True
        pseudonym, start = await self._store.pseudonyms(project_id), lost.start
        bookings = await self._store.bookings_overlapping(
            project_id,
            [pseudonym(reference) for reference in references],
            service_id=lost.service.id,
            start=start,
            end=start + lost.need.duration_minutes,
        )
        return bool(bookings)

    async def find_bookings(self, request: FindRequest) -> FindAnswer:
        """Find the bookings of one customer, or one booking by id.

        Raises:
            InvalidArgument, NotFound (no such project), Unavailable.
        """
        request.check()
        availability = await self._availability_cache.availability(request.project_id)
        schedule = availability.schedule
        pseudonym = await self._store.pseudonyms(schedule.project.id)
        bookings = await self._find(request, availability)
        may_see = partial(may_see_details, origin=request.origin, project=schedule.project, pseudonym=pseudonym)
        return find_answer(schedule, bookings, availability.now_ms, may_see)

    async def _find(self, request: FindRequest, availability: Availability) -> Sequence[Booking]:
        project = availability.schedule.project
        if request.booking_id:
            booking = await self._store.booking(project.id, request.booking_id)
            return [booking] if booking else []
        if request.is_too_vague:
            return []
        references, now = request.references(project), availability.now_ms // MS_PER_MINUTE
        return await self._store.bookings_by(project.id, *references, now=now, max_others=MAX_PAST_BOOKINGS)

    async def reschedule_booking(self, request: RescheduleRequest) -> RescheduleAnswer:
        """Move a booking to another time. On an error the booking keeps its time.

        Raises:
            InvalidArgument, NotFound, VerificationNeeded, TooManyGuesses, BookingClosed, SlotUnavailable, HoldExpired,
            IdempotencyMismatch, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        async with self._verification.verifying(project_id, request.access) as verification:
            answer = await self._reschedule(project_id, request, verification)
        if request.hold_token:
            await self._live.remove(project_id, request.hold_token)
        return answer

    async def _reschedule(
        self, project_id: str, request: RescheduleRequest, verification: Verification
    ) -> RescheduleAnswer:
        travel_times = await self._travel_times_of_move(project_id, request)

        async def work(unit: UnitOfWork) -> RescheduleAnswer:
            await unit.transaction.lapse_holds()
            before = await unit.availability()
            answer = await reschedule(unit.transaction, before, request, verification, travel_times)
            if answer.booked.replayed:
                return answer
            previous = answer.previous
            await revalidate_neighbors(
                unit, before, (previous.start, previous.end), answer.booked.booking.claim.interval
            )
            if answer.has_moved:
                await close_fulfilled_entries(unit, answer.booked.booking, hold_token=request.hold_token)
            await offer_freed_time(unit, before)  # even if the booking did not move: its hold was released
            return answer

        return await self._writer.write(project_id, work)

    async def _travel_times_of_move(self, project_id: str, request: RescheduleRequest) -> TravelTimes | None:
        if not self._travel_lookup.is_routed:
            return None
        booking = await self._store.booking(project_id, request.booking_id)
        location = booking.claim.location if booking else None
        if not request.hold_token:
            start = StartRequest(start=request.start, location=location)
            return await self._travel_lookup.for_start(project_id, start)
        hold = await self._store.hold(project_id, request.hold_token)
        return await self._travel_lookup.for_claim(project_id, hold.claim, location) if hold else None

    async def cancel_booking(self, request: CancelRequest) -> BookAnswer:
        """Cancel a booking and free its time. Repeated calls return the same response.

        Raises:
            InvalidArgument, NotFound, VerificationNeeded, TooManyGuesses, BookingClosed, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        async with self._verification.verifying(project_id, request.access) as verification:
            return await self._writer.write(project_id, partial(_cancel, request, verification))

    async def update_booking(self, request: UpdateRequest) -> UpdateAnswer:
        """Correct the details of a booking. Repeated calls return the same response.

        Raises:
            InvalidArgument, NotFound, VerificationNeeded, TooManyGuesses, BookingClosed, Unavailable.
        """
        request.check()
        project_id = await self._availability_cache.project_id(request.project_id)

        async def work(unit: UnitOfWork) -> UpdateAnswer:
            await unit.transaction.lapse_holds()
            before = await unit.availability()
            answer = await update(unit, request, verification)
            if not answer.booked.replayed:
                await offer_freed_time(unit, before)  # another location may leave more time around it
            return answer

        async with self._verification.verifying(project_id, request.access) as verification:
            is_routed = request.location is not None and self._travel_lookup.is_routed
            if is_routed and (booking := await self._store.booking(project_id, request.booking_id)):
                moved = replace(booking.claim, location=request.location)
                await self._travel_lookup.for_claim(project_id, moved, None)  # caches the travel times
            return await self._writer.write(project_id, work)

    async def set_booking_status(self, project_id: str | None, booking_id: str, status: BookingStatus) -> BookAnswer:
        """Save the outcome of a visit: completed or no-show. Repeated calls return the same response.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """

        async def work(unit: UnitOfWork) -> BookAnswer:
            transaction = unit.transaction
            booking = await require_booking(transaction, booking_id)
            changed = await set_status(transaction, booking, status)
            return book_answer(transaction, await transaction.schedule(), changed, replayed=changed is booking)

        return await self._writer.write(await self._availability_cache.project_id(project_id), work)


async def _cancel(request: CancelRequest, verification: Verification, unit: UnitOfWork) -> BookAnswer:
    transaction, before = unit.transaction, await unit.availability()
    schedule = before.schedule
    booking = await verification.find(transaction, schedule.project)
    if booking.status is not BookingStatus.CANCELLED:
        verification.require_open(booking, transaction.now_ms)
        booking.require_not_over(transaction.now_ms)
    cancelled = await cancel(transaction, booking, request.reason)
    replayed = booking.status is BookingStatus.CANCELLED
    if not replayed:
        await revalidate_neighbors(unit, before, cancelled.claim.interval)
        await offer_freed_time(unit, before)
    within_notice = not request.origin.is_operator and is_short_notice(
        schedule.project, booking.claim.start, transaction.now_ms
    )
    return replace(book_answer(transaction, schedule, cancelled, replayed=replayed), within_notice=within_notice)


def _report_together(request: BookRequest, cached: Availability) -> None:
    """Reject a request whose customer and appointment are both invalid. One problem alone is left to the transaction.

    Raises:
        InvalidArgument: with every problem.
    """
    schedule = cached.schedule
    try:
        both(
            lambda: normalize_customer(request.customer, schedule.project), lambda: find_appointment(schedule, request)
        )
    except InvalidArgument as error:
        if len(error.fields) > 1:
            raise
    except NotFound:
        return  # the cached catalog may be outdated
