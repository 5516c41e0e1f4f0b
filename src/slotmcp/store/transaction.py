"""The port's Transaction, over anything that can run the store's statements."""

import secrets
from collections.abc import Sequence

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime, Claim, ClaimState, Hold
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import ChangeNotice, Receipt
from slotmcp.store import booking_statements, statements, waitlist_statements
from slotmcp.store.calendar_pages import SqlCalendarPages
from slotmcp.store.catalog import SERVICES, TECHNICIANS, save
from slotmcp.store.catalog_rows import project_of, project_values
from slotmcp.store.change_log import ChangeLog
from slotmcp.store.claim_rows import (
    booking_of,
    booking_values,
    busy_values,
    claim_values,
    hold_of,
    state_of,
    taken_by,
)
from slotmcp.store.contacts import add_keys, forget_customer, forget_old_waits
from slotmcp.store.pseudonyms import pseudonym_of
from slotmcp.store.reading import CATALOG, Snapshot, technician_schedule
from slotmcp.store.rows import Row
from slotmcp.store.waitlist_rows import asked_states, wait_of, wait_values
from slotmcp.telemetry.metrics import HoldEvent

MS_PER_DAY = 86_400_000
HOLDS_KEPT_MS = MS_PER_DAY
RECEIPTS_KEPT_MS = 30 * MS_PER_DAY
WAITS_KEPT_MS = 30 * MS_PER_DAY
EVENTS_KEPT = 10_000
SALT_BYTES = 32


class SqlTransaction:
    """One project's book, locked for writing by whoever began the transaction."""

    def __init__(self, snapshot: Snapshot, change_log: ChangeLog, salt: bytes) -> None:
        self.hold_events: list[HoldEvent] = []
        """Changes of holds that this transaction made."""
        self._snapshot = snapshot
        self._change_log = change_log
        self._salt = salt
        self._newest_event = 0
        self._calendar = SqlCalendarPages(snapshot)

    @property
    def now_ms(self) -> int:
        return self._snapshot.now_ms

    @property
    def revision(self) -> int:
        return self._change_log.revision

    @property
    def change_notice(self) -> ChangeNotice | None:
        """Return the notice of what this transaction changed; None: nothing."""
        if not (self._change_log.has_moved or self._newest_event):
            return None
        return ChangeNotice(
            project_id=self._snapshot.project_id, revision=self.revision, newest_event=self._newest_event
        )

    @property
    def calendar(self) -> SqlCalendarPages:
        return self._calendar

    async def schedule(self) -> Schedule:
        return await self._change_log.schedule()

    def pseudonym(self, text: str) -> str:
        return pseudonym_of(self._salt, text)

    async def lapse_holds(self) -> int:
        now = self.now_ms
        long_ago = {"expired_by": now - HOLDS_KEPT_MS, "created_by": now - RECEIPTS_KEPT_MS}
        lapsed = await self._fetch(statements.LAPSE_HOLDS, now=now, **long_ago)
        await self._fetch(statements.FORGET_HOLDS, **long_ago)
        await self._fetch(statements.FORGET_RECEIPTS, **long_ago)
        await forget_old_waits(self._snapshot, (now - WAITS_KEPT_MS) // MS_PER_MINUTE)
        self.hold_events += [HoldEvent.EXPIRED] * len(lapsed)
        return len(lapsed)

    async def hold(self, token: str) -> Hold | None:
        rows = await self._fetch(statements.HOLD, token=token)
        return hold_of(rows[0]) if rows else None

    async def live_holds_of(self, customer_pseudonym: str) -> int:
        rows = await self._fetch(statements.LIVE_HOLDS, customer=customer_pseudonym, now=self.now_ms)
        count: int = rows[0][0]
        return count

    async def add_hold(self, hold: Hold) -> None:
        await self._add_claim(hold.claim, state=hold.state, token=hold.token, customer=hold.customer_pseudonym)
        self.hold_events.append(HoldEvent.CREATED)

    async def move_hold(self, claim_id: str, technician_id: str) -> None:
        owner, _ = await self._owner(claim_id, ClaimState.HELD)
        await self._fetch(statements.MOVE_HOLD, id=claim_id, technician=technician_id)
        await self._change_log.change((owner, claim_id), (technician_id, claim_id))
        self.hold_events.append(HoldEvent.MOVED)

    async def release_hold(self, claim_id: str) -> None:
        await self._end_hold(claim_id, ClaimState.RELEASED, ClaimState.HELD, ClaimState.LAPSED)
        self.hold_events.append(HoldEvent.RELEASED)

    async def withdraw_hold(self, claim_id: str) -> None:
        await self._end_hold(claim_id, ClaimState.WITHDRAWN, ClaimState.HELD)
        self.hold_events.append(HoldEvent.WITHDRAWN)

    async def add_booking(self, booking: Booking) -> None:
        is_told = await self._is_told(booking)
        await self._add_claim(booking.claim, state=state_of(booking), token=None, customer="")
        await self._describe(booking)
        if is_told:
            await self._calendar.request_push(booking.id)

    async def confirm_hold(self, booking: Booking) -> None:
        is_told = await self._is_told(booking)
        owner, state = await self._owner(booking.id, ClaimState.HELD, ClaimState.LAPSED)
        await self._fetch(statements.SAVE_CLAIM, state=state_of(booking), **claim_values(booking.claim))
        await self._describe(booking)
        await self._change_log.change((owner, booking.id), (booking.claim.technician_id, booking.id))
        self.hold_events += (HoldEvent.BOOKED,) if state == ClaimState.HELD else (HoldEvent.REVIVED, HoldEvent.BOOKED)
        if is_told:
            await self._calendar.request_push(booking.id)

    async def save_booking(self, booking: Booking) -> None:
        is_told = await self._is_told(booking)
        before = await self.booking(booking.id)
        if before is None:
            raise LookupError(f"no booking {booking.id!r}")
        await self._fetch(statements.SAVE_CLAIM, state=state_of(booking), **claim_values(booking.claim))
        await self._fetch(booking_statements.SAVE_BOOKING, **booking_values(booking))
        await self._fetch(booking_statements.FORGET_BOOKING_CONTACTS, id=booking.id)
        await self._add_booking_keys(booking)
        if taken_by(before) != taken_by(booking):
            await self._change_log.change(
                (before.claim.technician_id, booking.id), (booking.claim.technician_id, booking.id)
            )
            if is_told:
                await self._calendar.request_push(booking.id)

    async def booking(self, booking_id: str) -> Booking | None:
        rows = await self._fetch(booking_statements.BOOKING, id=booking_id)
        return booking_of(rows[0]) if rows else None

    async def bookings_by(self, contact_key: str) -> tuple[Booking, ...]:
        return tuple(map(booking_of, await self._fetch(booking_statements.BOOKINGS_BY, key=contact_key)))

    async def forget(self, contact_key: str) -> int:
        await self._calendar.forget(contact_key)
        return await forget_customer(self._snapshot, self._change_log, contact_key)

    async def add_wait(self, wait: WaitlistEntry) -> None:
        await self._fetch(waitlist_statements.ADD_WAIT, **wait_values(wait))
        await self._add_wait_keys(wait)

    async def save_wait(self, wait: WaitlistEntry) -> None:
        if not await self._fetch(waitlist_statements.SAVE_WAIT, **wait_values(wait)):
            raise LookupError(f"no wait {wait.id!r}")
        await self._fetch(waitlist_statements.FORGET_WAIT_CONTACTS, id=wait.id)
        await self._add_wait_keys(wait)

    async def wait(self, wait_id: str) -> WaitlistEntry | None:
        rows = await self._fetch(waitlist_statements.WAIT, id=wait_id)
        return wait_of(rows[0]) if rows else None

    async def waits(self, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        return tuple(map(wait_of, await self._fetch(waitlist_statements.WAITS, **asked_states(states))))

    async def add_event(self, kind: str, subject_id: str) -> None:
        rows = await self._fetch(waitlist_statements.ADD_EVENT, kind=kind, subject=subject_id, now=self.now_ms)
        self._newest_event = rows[0][0]
        await self._fetch(waitlist_statements.FORGET_EVENTS, number=self._newest_event - EVENTS_KEPT)

    async def receipt(self, use_case: str, credential: str, key: str) -> Receipt | None:
        rows = await self._fetch(statements.RECEIPT, use_case=use_case, credential=credential, key=key)
        if not rows:
            return None
        request, answer = rows[0]
        return Receipt(use_case=use_case, credential=credential, key=key, request=request, answer=answer)

    async def add_receipt(self, receipt: Receipt) -> None:
        await self._fetch(
            statements.ADD_RECEIPT,
            use_case=receipt.use_case,
            credential=receipt.credential,
            key=receipt.key,
            request=receipt.request,
            answer=receipt.answer,
            now=self.now_ms,
        )

    async def save_project(self, project: Project) -> None:
        rows = await self._fetch(statements.PROJECT)
        if rows and project_of(rows[0]) == project:
            return
        self._salt = self._salt or secrets.token_bytes(SALT_BYTES)
        await self._fetch(statements.SAVE_PROJECT, salt=self._salt, **project_values(project))
        await self._change_log.change(CATALOG)

    async def save_services(self, services: Sequence[ServiceType]) -> None:
        saved, moved = await save(self._snapshot, SERVICES, services)
        if saved or moved:
            await self._change_log.change(CATALOG)

    async def save_technicians(self, technicians: Sequence[Technician]) -> None:
        saved, moved = await save(self._snapshot, TECHNICIANS, technicians)
        if saved or moved:
            await self._change_log.change(CATALOG, *(technician_schedule(one.id) for one in saved))

    async def remove_services(self, service_ids: Sequence[str]) -> None:
        for service_id in service_ids:
            if await self._fetch(statements.ARCHIVE_SERVICE, id=service_id):
                await self._change_log.change(CATALOG)

    async def remove_technicians(self, technician_ids: Sequence[str]) -> None:
        for technician_id in technician_ids:
            if await self._fetch(statements.ARCHIVE_TECHNICIAN, id=technician_id):
                await self._change_log.change(CATALOG, technician_schedule(technician_id))

    async def add_busy(self, busy: Sequence[BusyTime]) -> None:
        for one in busy:
            if await self._fetch(statements.ADD_BUSY, **busy_values(one)):
                await self._change_log.change(technician_schedule(one.technician_id))

    async def remove_busy(self, busy: Sequence[BusyTime]) -> None:
        for one in busy:
            if await self._fetch(statements.REMOVE_BUSY, **busy_values(one)):
                await self._change_log.change(technician_schedule(one.technician_id))

    async def _fetch(self, statement: str, /, **values: object) -> Sequence[Row]:
        return await self._snapshot.fetch(statement, project=self._snapshot.project_id, **values)

    async def _add_claim(self, claim: Claim, *, state: ClaimState, token: str | None, customer: str) -> None:
        await self._fetch(
            statements.ADD_CLAIM,
            state=state,
            expires_at_ms=claim.expires_at_ms,
            token=token,
            customer=customer,
            **claim_values(claim),
        )
        await self._change_log.change((claim.technician_id, claim.id))

    async def _end_hold(self, claim_id: str, state: ClaimState, *before: ClaimState) -> None:
        owner, _ = await self._owner(claim_id, *before)
        await self._fetch(statements.END_HOLD, id=claim_id, state=state)
        await self._change_log.change((owner, claim_id))

    async def _is_told(self, booking: Booking) -> bool:
        """Whether a calendar is told of a booking. Asked before a write, this reads nothing that is not known."""
        return booking.customer is not None and (await self._change_log.schedule()).project.calcom is not None

    async def _describe(self, booking: Booking) -> None:
        """Add what a new booking knows beside its claim."""
        await self._fetch(booking_statements.ADD_BOOKING, now=self.now_ms, **booking_values(booking))
        await self._add_booking_keys(booking)

    async def _add_booking_keys(self, booking: Booking) -> None:
        await add_keys(self._snapshot, booking_statements.ADD_BOOKING_CONTACT, booking.id, booking.contact_keys)

    async def _add_wait_keys(self, wait: WaitlistEntry) -> None:
        await add_keys(self._snapshot, waitlist_statements.ADD_WAIT_CONTACT, wait.id, wait.contact_keys)

    async def _owner(self, claim_id: str, *states: ClaimState) -> tuple[str, str]:
        """Return the technician of a hold in one of these states, and its state.

        Raises:
            LookupError: there is no such hold.
        """
        rows = await self._fetch(statements.CLAIM_OWNER, id=claim_id)
        if not rows or rows[0][1] not in states:
            raise LookupError(f"no hold {claim_id!r} that is {' or '.join(states)}")
        technician_id, state = rows[0]
        return technician_id, state
