"""Rules of customers with a booking: they find, move and cancel it, and are forgotten."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from interfaces.state_machine_holding import STARTS, customers, key_choices, notations
from interfaces.state_machine_selling import SellingRules
from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.errors import InvalidArgument
from support.server import Body
from support.shop import at
from support.small_shop import Job
from support.small_shop_memory import ENDED, HASHES, NORMALIZED, NOTATIONS, Sale, scoped, text
from support.small_shop_tools import code_of

MAY_FOLLOW: Final = {
    "confirmed": {"completed", "no_show"},
    "rescheduled": {"completed", "no_show"},
    "completed": {"no_show"},
    "no_show": {"completed"},
    "cancelled": set[str](),
}
"""Status changes that docs/reference/bookings.md allows."""


class ChangingRules(SellingRules):
    """Rules of customers who change their bookings."""

    def _a_sale(self, data: st.DataObject, like: Job | None = None) -> tuple[str, Sale]:
        """Choose a booking, preferably an active one, and one like the given job."""
        sold = self.memory.sold
        active = [id_ for id_ in sold if sold[id_].status not in ENDED]
        if like:
            alike = [id_ for id_ in active if _is_alike(sold[id_].job, like)]
            active = [*alike, *alike, *alike]
        id_ = data.draw(st.sampled_from([*active, *active, *sold]), "booking")
        return id_, sold[id_]

    @precondition(lambda self: self.memory.sold)
    @rule(data=st.data(), start=st.sampled_from(STARTS), key_choice=key_choices)
    def move_to_a_start(self, data: st.DataObject, start: int, key_choice: str) -> None:
        id_, sale = self._a_sale(data)
        key = self._key(key_choice, self.memory.move_keys)
        request, used = (id_, start), (scoped(key, id_), f"start:{id_} {start}")
        error, replay = self._recall_move(used, id_, start, request)
        moves = not error and not replay and start != sale.job.start
        able: list[str] = []
        if not error and not replay and (closed := self._error_if_over(sale)):
            error = closed
        elif moves:
            able = self._who_takes_over(id_, sale, start)
            error = None if able else "slot_unavailable"
        new = not error and any(one and one not in self.memory.move_keys for one in used) and not replay
        arguments = {"bookingId": id_, "start": text(start), "idempotencyKey": key}
        body = self._call("reschedule_booking", arguments, changes=bool(moves and not error) or bool(new))
        assert code_of(body) == error
        if error:
            return
        self._remember_move(body, id_, able if moves else [], start)
        if not replay:
            self.memory.move_keys.update({one: (request, id_) for one in used if one})
            if key:
                self._record_call("reschedule_booking", arguments, id_, sale.job)

    @precondition(lambda self: self.memory.sold)
    @rule(data=st.data(), token=SellingRules.tokens, key_choice=key_choices)
    def move_to_what_is_held(self, data: st.DataObject, token: str, key_choice: str) -> None:
        memory, hold = self.memory, self.memory.holds[token]
        id_, sale = self._a_sale(data, hold.job)
        key = self._key(key_choice, memory.move_keys)
        request, used = (id_, self._held(token).start), (scoped(key, id_), f"hold:{token}")
        known = next((one for one in used if one in memory.move_keys), "")
        error = self._mismatch(memory.move_keys, known, request)
        replay = bool(known) and not error
        start, able = self._held(token).start, list[str]()
        if not error and not replay:
            if (error := self._error_if_over(sale)) or not _is_alike(hold.job, sale.job):
                error = error or "invalid_argument"
            elif start != sale.job.start or self._is_for_another(token, id_):
                able = self._owner_of(
                    token, replace(sale.job, start=start, place=sale.job.place or hold.job.place), id_
                )
                error = None if able else "hold_expired"
        arguments = {"bookingId": id_, "holdToken": token, "idempotencyKey": key}
        changes = not error and not replay
        body = self._call("reschedule_booking", arguments, changes=changes, ignores_travel=self._is_live(token))
        assert code_of(body) == error
        if error:
            return
        if changes and hold.state == "held":
            memory.holds[token] = replace(hold, state="released")
        if changes:
            implied = f"start:{id_} {start}"
            memory.move_keys.update({one: (request, id_) for one in (*used, implied) if one})
            self._record_call("reschedule_booking", arguments, id_, sale.job)
        self._remember_move(body, id_, able, start, token=token)

    @precondition(lambda self: sum(sale.status not in ENDED for sale in self.memory.sold.values()) > 1)
    @rule(data=st.data())
    def cancel_booking(self, data: st.DataObject) -> None:
        self._cancel_booking(self._a_sale(data)[0])

    def _cancel_booking(self, id_: str) -> None:
        sale = self.memory.sold[id_]
        error = None if sale.status == "cancelled" else self._error_if_over(sale)
        changes = not error and sale.status != "cancelled"
        body = self._call("cancel_booking", {"bookingId": id_}, changes=changes)
        assert code_of(body) == error
        if not error:
            self.memory.sold[id_] = replace(sale, status="cancelled")
            assert body["booking"]["status"] == "cancelled"
        self._check_waitlist()

    @precondition(lambda self: self.memory.sold)
    @rule(
        data=st.data(),
        status=st.sampled_from([BookingStatus.COMPLETED, BookingStatus.NO_SHOW]),
        begins=st.sampled_from([False, False, True]),
    )
    def tell_of_a_visit(self, data: st.DataObject, status: BookingStatus, begins: bool) -> None:  # noqa: FBT001  drawn by name
        id_, sale = self._a_sale(data)
        if begins:
            self.clock.set_ms(max(self.clock.now_ms(), sale.job.start * 60_000))
            self._sweep()
        has_begun = sale.job.start * 60_000 <= self.clock.now_ms()
        may = status == sale.status or (status.value in MAY_FOLLOW[sale.status] and has_begun)
        before = self._picture()
        try:
            self.portal.call(self.shop.app.bookings.set_booking_status, None, id_, status)
        except InvalidArgument:
            assert not may
            assert self._picture() == before
        else:
            assert may
            self.memory.sold[id_] = replace(sale, status=status.value)
            self._cancel_booking(id_)  # a past booking cannot be canceled

    @rule(who=customers, notation=notations)
    def find_bookings(self, who: str, notation: int) -> None:
        """Check that each contact finds the bookings of its customer and no others."""
        for by in ("phone", "email", "hash"):
            self._find_bookings(who, by, notation)

    def _find_bookings(self, who: str, by: str, notation: int) -> None:
        request = {
            "phone": {"phone": NOTATIONS[who][notation]},
            "email": {"email": f" {who.upper()}@example.com"},
            "hash": {"customerHash": HASHES[who]},
        }
        listed = {one["bookingId"]: one for one in self._read("find_bookings", request[by])["bookings"]}
        theirs = {id_ for id_, sale in self.memory.sold.items() if f"{who}:{by}" in sale.known_as}
        is_over = {id_ for id_ in theirs if not self._is_upcoming(self.memory.sold[id_])}
        assert theirs >= set(listed) >= theirs - is_over
        for id_, one in listed.items():
            sale = self.memory.sold[id_]
            assert (at(one["start"]), one["status"]) == (sale.job.start, sale.status)
            assert one["upcoming"] is (id_ not in is_over)

    @precondition(lambda self: self.memory.sold)
    @rule(data=st.data())
    def find_by_id(self, data: st.DataObject) -> None:
        id_, sale = self._a_sale(data)
        (listed,) = self._read("find_bookings", {"bookingId": id_})["bookings"]
        assert (at(listed["start"]), at(listed["end"]), listed["status"]) == (sale.job.start, sale.job.end, sale.status)
        assert listed["technicianId"] == self._entry(id_).technician_id

    @precondition(lambda self: len(self.memory.sold) > 2)
    @rule(who=customers, notation=notations)
    def forget(self, who: str, notation: int) -> None:
        """Forget a customer by each reference, and check that the file contains nothing about them."""
        for by, shown in (
            ("phone", NOTATIONS[who][notation]),
            ("email", f"{who}@Example.com"),
            ("hash", HASHES[who]),
        ):
            self._forget(f"{who}:{by}", shown)
        with closing(sqlite3.connect(self.path)) as connection:
            remaining = "\n".join(connection.iterdump())
        assert [trace for trace in (f"{who.title()} Doe", NORMALIZED[who], f"{who}@") if trace in remaining] == []

    def _forget(self, reference: str, shown: str) -> None:
        memory = self.memory
        sold = [id_ for id_, sale in memory.sold.items() if reference in sale.known_as]
        waits = [id_ for id_, wait in memory.waits.items() if reference in wait.known_as]
        answer = self.portal.call(self.shop.app.customers.forget, None, shown)
        assert answer.erased == len(sold) + len(waits)
        self._check_waitlist(closed=frozenset(waits))
        for id_ in sold:
            nowhere = replace(memory.sold[id_].job, place=None)
            sale = memory.sold[id_]
            memory.sold[id_] = replace(
                sale,
                known_as=frozenset(),
                job=nowhere,
                by=replace(sale.by, name="", phone="", email=""),
                is_forgotten=True,
            )
        for id_ in waits:
            memory.waits[id_] = replace(memory.waits[id_], known_as=())
        for token, hold in memory.holds.items():
            if hold.known_as == reference:
                nowhere = replace(hold.job, place=None)
                memory.holds[token] = replace(hold, known_as="", job=nowhere)

    # -- expectations of the model ---------------------------------------------------------------

    def _error_if_over(self, sale: Sale) -> str | None:
        """Return the error for a change of a booking that is over. Operators may change a visit until it ends."""
        if sale.status in ENDED:
            return "invalid_argument"
        return None if self._is_upcoming(sale) else "booking_closed"

    def _is_upcoming(self, sale: Sale) -> bool:
        return sale.status in {"confirmed", "rescheduled"} and sale.job.end * 60_000 > self.clock.now_ms()

    def _recall_move(self, used: tuple[str, str], id_: str, start: int, request: object) -> tuple[str | None, bool]:
        """Return the result of a key. The derived key counts while the booking exists."""
        known, (key, implied) = self.memory.move_keys, used
        if key in known:
            error = self._mismatch(known, key, request)
            return error, not error
        sale = self.memory.sold[id_]
        return None, implied in known and sale.takes_time and sale.job.start == start

    def _is_for_another(self, token: str, id_: str) -> bool:
        """Return True if a hold is for a requested technician who does not have the booking."""
        held = self._held(token)
        return bool(held.technician_chosen) and held.technician_id != self._entry(id_).technician_id

    def _who_takes_over(self, id_: str, sale: Sale, start: int) -> list[str]:
        """Return the allowed technicians of a booking: its own if possible, else any; or the requested one."""
        own = self._entry(id_)
        others = [one for one in self._live() if one.id != id_]
        for requested in (own.technician_id, None):
            if self._available(replace(sale.job, requested=requested), start, others)[0]:
                return self._available(replace(sale.job, requested=requested), start, others)[1]
            if own.technician_chosen:
                return []
        return []

    def _remember_move(self, body: Body, id_: str, able: list[str], start: int, *, token: str = "") -> None:
        sale, shown = self.memory.sold[id_], body["booking"]
        if able:
            hold = self.memory.holds.get(token)
            place = sale.job.place or (hold.job.place if hold else None)
            known_as = sale.known_as | ({hold.known_as} - {""} if hold and hold.is_offer else set())
            job = replace(sale.job, start=start, place=place)
            sale = replace(sale, job=job, known_as=known_as, status="rescheduled")
            self.memory.sold[id_] = sale
            assert shown["technicianId"] in able
            self._check_waitlist(fulfilled=sale, taken=token)
        else:
            self._check_waitlist()
        assert (at(shown["start"]), shown["status"]) == (sale.job.start, sale.status)
        assert shown["technicianId"] == self._entry(id_).technician_id


def _is_alike(one: Job, other: Job) -> bool:
    return (one.kind, one.minutes) == (other.kind, other.minutes)
