"""Implementation of the port Transaction, for both databases."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from slotmcp.domain.attention import Attention
from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import MAX_HOLD_MINUTES, BusyTime, Claim, ClaimState, Hold
from slotmcp.domain.erasure import Erasure
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.retention import Purged, Retention
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.waitlist import OPEN_STATES, WaitlistEntry, WaitlistState
from slotmcp.ports import ChangeNotice, Receipt
from slotmcp.store import bookings, catalog, claims, erasures, purging, waitlist
from slotmcp.store.attention import attention_text
from slotmcp.store.calendar_pages import SqlCalendarRecords
from slotmcp.store.change_log import ChangeLog
from slotmcp.store.columns import RECEIPT_COLUMNS, RECEIPTS, ReceiptRow
from slotmcp.store.hold_terms import terms_json
from slotmcp.store.project_state import HELD_EXPIRIES, Expiries
from slotmcp.store.schedules import CATALOG, WritableSnapshot, all_of_technician
from slotmcp.store.statement import Row, Statement, select_among_keys, upsert
from slotmcp.store.values import json_text, pseudonym_of
from slotmcp.telemetry.metrics import HoldEvent

MAX_HOLD_MS: Final = (MAX_HOLD_MINUTES + 1) * MS_PER_MINUTE
"""Time within which every hold expires, with a minute for a clock that was set back a little."""
SALT_BYTES: Final = 32
_NO_HOLD: Final = {"expires_at_ms": None, "hold_token": None, "customer_pseudonym": "", "hold_terms": None}
"""Values of a claim that is a booking."""

# Read the receipts of idempotency keys.
RECEIPTS_OF_KEYS = select_among_keys(f"""
SELECT {RECEIPT_COLUMNS} FROM receipts
WHERE project_id = :project_id AND credential = :credential AND use_case = :use_case AND key {{among_keys}}
""")

# Insert or replace a receipt.
ADD_RECEIPT = Statement(upsert(RECEIPTS, created_at_ms=":now_ms"))


class SqlTransaction:
    """Schedule of one project, locked for writing by the caller that began the transaction."""

    def __init__(self, snapshot: WritableSnapshot, change_log: ChangeLog) -> None:
        self._snapshot = snapshot
        self._change_log = change_log
        self._newest_event = 0
        self._pseudonyms: dict[str, str] = {}
        self._known_holds: dict[str, Hold] = {}
        self._known_bookings: dict[str, Booking] = {}
        """Records by id that this transaction has read or written; no other writer changes them meanwhile."""
        self._calendar = SqlCalendarRecords(snapshot)
        self.hold_events: list[HoldEvent] = []
        """Hold events of this transaction, which are counted after the commit."""

    @property
    def now_ms(self) -> int:
        return self._snapshot.now_ms

    @property
    def revision(self) -> int:
        return self._change_log.revision

    @property
    def change_notice(self) -> ChangeNotice | None:
        """Notice of this transaction's changes, or None if there are none."""
        if not (self._change_log.has_moved or self._newest_event):
            return None
        return ChangeNotice(
            project_id=self._snapshot.project_id, revision=self.revision, newest_event=self._newest_event
        )

    @property
    def calendar(self) -> SqlCalendarRecords:
        return self._calendar

    async def schedule(self) -> Schedule:
        return await self._change_log.schedule()

    def pseudonym(self, text: str) -> str:
        pseudonym = self._pseudonyms.get(text)
        if pseudonym is None:
            pseudonym = self._pseudonyms[text] = pseudonym_of(self._change_log.salt, text)
        return pseudonym

    async def lapse_holds(self) -> int:
        now_ms, latest_ms = self._snapshot.now_ms, self._snapshot.now_ms + MAX_HOLD_MS
        if self._change_log.expiries.are_within(now_ms, latest_ms):
            return 0
        lapsed = await self._fetch(claims.LAPSE_HOLDS, now_ms=now_ms, latest_ms=latest_ms)
        ((first_ms, last_ms),) = await self._fetch(HELD_EXPIRIES)
        self._change_log.expiries = Expiries(first_ms, last_ms)
        for claim_id, expires_at_ms in lapsed:
            self._known_holds.pop(claim_id, None)
            if expires_at_ms > now_ms:  # known schedules still contain it as a live hold
                hold = await self._require_hold(claim_id, ClaimState.LAPSED)
                self._change_log.remove(hold.claim.technician_id, claim_id)
        self.hold_events += [HoldEvent.EXPIRED] * len(lapsed)
        return len(lapsed)

    async def hold(self, token: str) -> Hold | None:
        hold = await claims.read_hold(self._snapshot.fetch, self._snapshot.project_id, token)
        return None if hold is None else self._remember_hold(hold)

    async def holds(self, tokens: Collection[str]) -> Mapping[str, Hold]:
        holds = await claims.read_holds(self._snapshot.fetch, self._snapshot.project_id, tokens)
        return {token: self._remember_hold(hold) for token, hold in holds.items()}

    async def hold_of_claim(self, claim_id: str) -> Hold | None:
        rows = await self._fetch(claims.HOLD_OF_CLAIM, id=claim_id)
        return self._remember_hold(claims.hold_of(rows[0])) if rows else None

    async def add_hold(self, hold: Hold) -> None:
        terms = None if hold.claim.hold is None else terms_json(hold.claim.hold)
        values = {
            **claims.claim_values(hold.claim),
            "state": hold.state,
            "expires_at_ms": hold.claim.expires_at_ms,
            "hold_token": hold.token,
            "customer_pseudonym": hold.customer_pseudonym,
            "hold_terms": terms,
        }
        await self._fetch(claims.ADD_CLAIM, **values)
        self._remember_hold(hold)
        self._change_log.put(hold.claim, owner=hold.claim.technician_id)
        if hold.claim.expires_at_ms is not None:
            self._change_log.expiries = self._change_log.expiries.including(hold.claim.expires_at_ms)
        self.hold_events.append(HoldEvent.CREATED)

    async def move_hold(self, claim_id: str, technician_id: str) -> None:
        hold = await self._require_hold(claim_id, ClaimState.HELD)
        await self._fetch(claims.MOVE_HOLD, id=claim_id, technician_id=technician_id)
        moved = replace(hold, claim=replace(hold.claim, technician_id=technician_id))
        self._remember_hold(moved)
        self._change_log.put(moved.claim, owner=hold.claim.technician_id)
        self.hold_events.append(HoldEvent.MOVED)

    async def release_hold(self, claim_id: str) -> None:
        await self._end_hold(claim_id, ClaimState.RELEASED, ClaimState.HELD, ClaimState.LAPSED)
        self.hold_events.append(HoldEvent.RELEASED)

    async def withdraw_hold(self, claim_id: str) -> None:
        await self._end_hold(claim_id, ClaimState.WITHDRAWN, ClaimState.HELD)
        self.hold_events.append(HoldEvent.WITHDRAWN)

    async def add_booking(self, booking: Booking) -> None:
        is_pushed = await self._is_pushed(booking)
        await self._fetch(claims.ADD_CLAIM, **_claim_values(booking))
        await self._add_details(booking, is_pushed=is_pushed)
        self._record_time(booking, owner=booking.claim.technician_id)

    async def add_bookings(self, added: Sequence[Booking]) -> None:
        if not added:
            return
        are_pushed = any(booking.customer is not None for booking in added) and await self._has_calendar()
        now_ms = self._snapshot.now_ms
        await self._run_many(claims.ADD_CLAIM, map(_claim_values, added))
        await self._run_many(
            bookings.ADD_BOOKING, (bookings.booking_values(each) | {"now_ms": now_ms} for each in added)
        )
        await self._run_many(bookings.ADD_BOOKING_CONTACT, chain.from_iterable(map(bookings.contact_values, added)))
        for booking in added:
            self._record_time(booking, owner=booking.claim.technician_id)
        for booking in added if are_pushed else ():
            if booking.customer is not None:
                await self._calendar.request_push(booking.id)

    async def confirm_hold(self, booking: Booking) -> None:
        is_pushed = await self._is_pushed(booking)
        hold = await self._require_hold(booking.id, ClaimState.HELD, ClaimState.LAPSED)
        await self._save_claim(booking)
        del self._known_holds[booking.id]
        await self._add_details(booking, is_pushed=is_pushed)
        self._record_time(booking, owner=hold.claim.technician_id)
        is_live = hold.state is ClaimState.HELD
        self.hold_events += (HoldEvent.BOOKED,) if is_live else (HoldEvent.REVIVED, HoldEvent.BOOKED)

    async def save_booking(self, booking: Booking) -> None:
        is_pushed = await self._is_pushed(booking)
        before = self._known_bookings.get(booking.id) or await self.booking(booking.id)
        if before is None:
            raise LookupError(f"no booking {booking.id!r}")
        has_other_claim = (before.claim, bookings.state_of(before)) != (booking.claim, bookings.state_of(booking))
        if has_other_claim:
            await self._save_claim(booking)
        await self._fetch(bookings.SAVE_BOOKING, **bookings.booking_values(booking))
        contacts = list(bookings.contact_values(booking))
        if contacts != list(bookings.contact_values(before)):
            await self._fetch(bookings.DELETE_BOOKING_CONTACTS, claim_id=booking.id)
            await self._run_many(bookings.ADD_BOOKING_CONTACT, contacts)
        self._known_bookings[booking.id] = booking
        if bookings.time_taken_by(before) != bookings.time_taken_by(booking):
            self._record_time(booking, owner=before.claim.technician_id)
            if is_pushed:
                await self._calendar.request_push(booking.id)

    async def booking(self, booking_id: str) -> Booking | None:
        booking = await bookings.read_booking(self._snapshot.fetch, self._snapshot.project_id, booking_id)
        return None if booking is None else self._remember(booking)

    async def booking_claims(self, booking_ids: Collection[str]) -> Mapping[str, Claim]:
        return await bookings.read_booking_claims(self._snapshot.fetch, self._snapshot.project_id, booking_ids)

    async def bookings_by(self, contact_key: str) -> tuple[Booking, ...]:
        found = await bookings.read_bookings_by(self._snapshot.fetch, self._snapshot.project_id, contact_key)
        return tuple(map(self._remember, found))

    async def bookings_overlapping(
        self, contact_keys: Collection[str], *, service_id: str, start: Minute, end: Minute
    ) -> tuple[Booking, ...]:
        snapshot = self._snapshot
        found = await bookings.read_bookings_overlapping(
            snapshot.fetch, snapshot.project_id, contact_keys, service_id=service_id, start=start, end=end
        )
        return tuple(map(self._remember, found))

    async def attention(self) -> Mapping[str, Attention]:
        return await bookings.read_attention(self._snapshot.fetch, self._snapshot.project_id)

    async def bookings_needing_attention(self) -> tuple[Booking, ...]:
        now = self._snapshot.now_ms // MS_PER_MINUTE
        rows = await self._fetch(bookings.BOOKINGS_NEEDING_ATTENTION, end_minute=now)
        return tuple(map(self._remember, map(bookings.booking_of, rows)))

    async def set_attention(self, booking_id: str, attention: Attention) -> None:
        await self._fetch(bookings.SET_ATTENTION, claim_id=booking_id, attention=attention_text(attention))

    async def erase_customer(self, contact_key: str) -> int:
        self._known_holds.clear()
        self._known_bookings.clear()
        erased = await erasures.erase_customer(self._snapshot, contact_key)
        if erased.changes:
            self._change_log.record(*erased.changes)
        return erased.count

    async def add_erasure(self, erasure: Erasure) -> None:
        await self._fetch(erasures.ADD_ERASURE, key=erasure.key, at_ms=erasure.at_ms)

    async def purge(self, retention: Retention, *, limit: int) -> Purged:
        return await purging.purge(self._snapshot, retention, limit=limit)

    async def add_waitlist_entry(self, entry: WaitlistEntry) -> None:
        await self._fetch(waitlist.ADD_ENTRY, **waitlist.entry_values(entry))
        await waitlist.add_contact_keys(self._snapshot.fetch, self._snapshot.project_id, entry)
        self._change_log.has_open_entries = True

    async def save_waitlist_entry(self, entry: WaitlistEntry) -> None:
        if not await self._fetch(waitlist.SAVE_ENTRY, **waitlist.entry_values(entry)):
            raise LookupError(f"no waitlist entry {entry.id!r}")
        await self._fetch(waitlist.DELETE_ENTRY_CONTACTS, wait_id=entry.id)
        await waitlist.add_contact_keys(self._snapshot.fetch, self._snapshot.project_id, entry)
        self._change_log.has_open_entries = True

    async def waitlist_entry(self, entry_id: str) -> WaitlistEntry | None:
        return await waitlist.read_entry(self._snapshot.fetch, self._snapshot.project_id, entry_id)

    async def waitlist_entries(self, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        if not self._change_log.has_open_entries and set(states).issubset(OPEN_STATES):
            return ()
        return await waitlist.read_entries(self._snapshot.fetch, self._snapshot.project_id, states)

    async def add_event(self, kind: str, subject_id: str) -> None:
        ((self._newest_event,),) = await self._fetch(
            waitlist.ADD_EVENT, kind=kind, subject_id=subject_id, now_ms=self._snapshot.now_ms
        )

    async def receipt(self, use_case: str, credential: str, *keys: str) -> Receipt | None:
        rows = await self._fetch(RECEIPTS_OF_KEYS, use_case=use_case, credential=credential, keys=json_text(keys))
        receipts = [Receipt(**ReceiptRow(*row)._asdict()) for row in rows]
        return min(receipts, key=lambda receipt: keys.index(receipt.key), default=None)

    async def add_receipt(self, receipt: Receipt) -> None:
        await self._fetch(
            ADD_RECEIPT,
            use_case=receipt.use_case,
            credential=receipt.credential,
            key=receipt.key,
            request=receipt.request,
            answer=receipt.answer,
            now_ms=self._snapshot.now_ms,
        )

    async def save_project(self, project: Project) -> None:
        rows = await self._fetch(catalog.PROJECT)
        if rows and catalog.project_of(rows[0]) == project:
            return
        self._pseudonyms.clear()
        self._change_log.salt = salt = self._change_log.salt or secrets.token_bytes(SALT_BYTES)
        await self._snapshot.fetch(catalog.SAVE_PROJECT, salt=salt, **catalog.project_values(project))
        self._change_log.record(CATALOG)

    async def save_services(self, services: Sequence[ServiceType]) -> None:
        saved, is_moved = await catalog.save_items(
            self._snapshot.fetch, self._snapshot.project_id, catalog.SERVICE_LIST, services
        )
        if saved or is_moved:
            self._change_log.record(CATALOG)

    async def save_technicians(self, technicians: Sequence[Technician]) -> None:
        saved, is_moved = await catalog.save_items(
            self._snapshot.fetch, self._snapshot.project_id, catalog.TECHNICIAN_LIST, technicians
        )
        if saved or is_moved:
            self._change_log.record(CATALOG, *(all_of_technician(technician.id) for technician in saved))

    async def remove_services(self, service_ids: Sequence[str]) -> None:
        for service_id in service_ids:
            if await self._fetch(catalog.ARCHIVE_SERVICE, id=service_id):
                self._change_log.record(CATALOG)

    async def remove_technicians(self, technician_ids: Sequence[str]) -> None:
        for technician_id in technician_ids:
            if await self._fetch(catalog.ARCHIVE_TECHNICIAN, id=technician_id):
                self._change_log.record(CATALOG, all_of_technician(technician_id))

    async def add_busy(self, busy: Sequence[BusyTime]) -> None:
        for busy_time in busy:
            if await self._fetch(claims.ADD_BUSY, **claims.busy_values(busy_time)):
                self._change_log.record(all_of_technician(busy_time.technician_id))

    async def remove_busy(self, busy: Sequence[BusyTime]) -> None:
        for busy_time in busy:
            if await self._fetch(claims.REMOVE_BUSY, **claims.busy_values(busy_time)):
                self._change_log.record(all_of_technician(busy_time.technician_id))

    async def _fetch(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        return await self._snapshot.fetch(statement, project_id=self._snapshot.project_id, **values)

    async def _run_many(self, statement: Statement, sets: Iterable[dict[str, object]]) -> None:
        project_id, rows = self._snapshot.project_id, list(sets)
        for values in rows:
            values["project_id"] = project_id
        await self._snapshot.run_many(statement, rows)

    async def _save_claim(self, booking: Booking) -> None:
        await self._fetch(claims.SAVE_CLAIM, state=bookings.state_of(booking), **claims.claim_values(booking.claim))

    async def _end_hold(self, claim_id: str, state: ClaimState, *before: ClaimState) -> None:
        hold = await self._require_hold(claim_id, *before)
        await self._fetch(claims.END_HOLD, id=claim_id, state=state)
        self._remember_hold(replace(hold, state=state))
        self._change_log.remove(hold.claim.technician_id, claim_id)

    def _record_time(self, booking: Booking, *, owner: str) -> None:
        """Record the time that a booking takes now. Its claim has no terms of a hold."""
        claim = bookings.time_taken_by(booking)
        if claim is None:
            self._change_log.remove(owner, booking.id)
        else:
            self._change_log.put(claim if claim.hold is None else replace(claim, hold=None), owner=owner)

    async def _has_calendar(self) -> bool:
        """Return whether the project has a calendar, without reading its schedule."""
        rows = await self._fetch(catalog.PROJECT)
        return catalog.project_of(rows[0]).calcom is not None

    async def _is_pushed(self, booking: Booking) -> bool:
        """Return whether a booking is pushed to a calendar. Before the first write, the schedule is usually known."""
        return booking.customer is not None and (await self._change_log.schedule()).project.calcom is not None

    async def _add_details(self, booking: Booking, *, is_pushed: bool) -> None:
        """Insert a new booking, whose claim exists, with its contact keys, and request its push."""
        await self._fetch(bookings.ADD_BOOKING, now_ms=self._snapshot.now_ms, **bookings.booking_values(booking))
        await self._run_many(bookings.ADD_BOOKING_CONTACT, bookings.contact_values(booking))
        if is_pushed:
            await self._calendar.request_push(booking.id)

    async def _require_hold(self, claim_id: str, *states: ClaimState) -> Hold:
        """Return the hold of a claim in one of these states.

        Raises:
            LookupError: there is no such hold.
        """
        hold = self._known_holds.get(claim_id) or await self.hold_of_claim(claim_id)
        if hold is None or hold.state not in states:
            raise LookupError(f"no hold {claim_id!r} that is {' or '.join(states)}")
        return hold

    def _remember_hold(self, hold: Hold) -> Hold:
        self._known_holds[hold.claim.id] = hold
        return hold

    def _remember(self, booking: Booking) -> Booking:
        self._known_bookings[booking.id] = booking
        return booking


def _claim_values(booking: Booking) -> dict[str, object]:
    """Return the values of a new booking's claim."""
    values = claims.claim_values(booking.claim)
    values |= _NO_HOLD
    values["state"] = bookings.state_of(booking)
    return values
