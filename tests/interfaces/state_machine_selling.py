"""Rules of callers who book: a held start or a free one, with retries."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from interfaces.state_machine_holding import SOMEWHERE, HoldingRules, contacts, customers, jobs, key_choices, notations
from interfaces.state_machine_waitlist import is_fulfilled
from oracle.retries import BookArguments, MadeBooking, outcome_among
from support.server import Body
from support.shop import at
from support.small_shop import Job, entry_of, location
from support.small_shop_memory import (
    Contact,
    Sale,
    Sent,
    StoredHold,
    book_arguments,
    customer_arguments,
    job_arguments,
    references,
    scoped,
)
from support.small_shop_rules import workers_for
from support.small_shop_tools import code_of

ERRORS: Final = {"ask": "already_booked", "mismatch": "idempotency_mismatch"}
"""Error code by outcome."""

additional = st.sampled_from([True, True, False])


class SellingRules(HoldingRules):
    """Rules of callers who book."""

    @precondition(lambda self: self.memory.sent)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """Check that a retry returns the first response and changes nothing."""
        sent = data.draw(st.sampled_from(self.memory.sent))
        body = self._call(sent.tool, sent.arguments, changes=False)
        assert code_of(body) == self._error_of_retry(sent)
        if not code_of(body):
            assert body["replayed"] is True
            made = body["waitId"] if sent.tool == "join_waitlist" else body["booking"]["bookingId"]
            assert made == sent.made

    @rule(
        token=HoldingRules.tokens,
        who=customers,
        contact=contacts,
        notation=notations,
        key_choice=key_choices,
        place=st.sampled_from(SOMEWHERE),
        is_additional=additional,
    )
    def book_a_hold(  # noqa: PLR0913, PLR0917  all arguments of the tool
        self,
        token: str,
        who: str,
        contact: Contact,
        notation: int,
        key_choice: str,
        place: str | None,
        is_additional: bool,  # noqa: FBT001  drawn by name
    ) -> None:
        memory, hold = self.memory, self.memory.holds[token]
        is_booked = hold.state == "booked"
        key = self._key(key_choice, self.memory.book_keys)
        job = replace(hold.job, place=place if is_booked else hold.job.place or place)
        request = book_arguments(who, contact, job if not is_booked else replace(job, requested=None))
        request = replace(request, key=key, additional=is_additional, uses_token=True)
        found, id_ = self._decide(request, references(who, contact), token=token)
        error = ERRORS.get(found)
        able = self._owner_of(token, job) if found == "new" else []
        if found == "new" and not able:
            error = "hold_expired"
        is_released = found in {"replay", "complete"} and hold.state == "held"
        where = location(place)
        arguments = {
            "holdToken": token,
            "idempotencyKey": key,
            "additional": is_additional or None,
            **({"latitude": where.latitude, "longitude": where.longitude} if where else {}),
            **customer_arguments(who, contact, notation),
        }
        changes = not error and (found != "replay" or is_released)
        body = self._call("book_slot", arguments, changes=changes, ignores_travel=self._is_live(token))
        assert code_of(body) == error, found
        if error:
            return
        if is_released:
            memory.holds[token] = replace(hold, state="released")
        self._check_booking(body, found, id_, job)
        if found == "new":
            assert body["booking"]["technicianId"] in able
            memory.holds[token] = replace(hold, state="booked")
            known_as = {hold.known_as if hold.is_offer else "", *references(who, contact)} - {""}
            sale = Sale(job, frozenset(known_as), by=replace(request, uses_token=False))
            self._remember_sale(body, sale, request, references(who, contact), token=token)
            if not is_additional:
                self._record_call("book_slot", arguments, str(body["booking"]["bookingId"]), job)
        else:
            self._remember_details(found, id_, request, references(who, contact))

    @rule(
        job=jobs, who=customers, contact=contacts, notation=notations, key_choice=key_choices, is_additional=additional
    )
    def book_directly(  # noqa: PLR0913, PLR0917  all arguments of the tool
        self,
        job: Job,
        who: str,
        contact: Contact,
        notation: int,
        key_choice: str,
        is_additional: bool,  # noqa: FBT001  drawn by name
    ) -> None:
        self._book_directly(job, who, contact, notation, key_choice, is_additional=is_additional)

    def _book_directly(  # noqa: PLR0913  all arguments of the tool
        self, job: Job, who: str, contact: Contact, notation: int, key_choice: str, *, is_additional: bool = False
    ) -> None:
        key, known_as = self._key(key_choice, self.memory.book_keys), references(who, contact)
        request = replace(book_arguments(who, contact, job), key=key, additional=is_additional)
        error = self._lacks_skill(job)
        found, id_ = ("", "") if error else self._decide(request, known_as)
        error = error or ERRORS.get(found)
        own, live = self._own_offers(known_as), self._live()
        same = [token for token in own if _is_offer_of(own[token], job)] if found == "new" else []
        free_for_caller = [one for one in live if one.token not in own]
        if found == "new" and not same and not self._available(job, job.start, free_for_caller)[0]:
            error = "slot_unavailable"
        is_in_the_way = not error and not same and not self._available(job, job.start)[0]
        arguments = {
            "idempotencyKey": key,
            "additional": is_additional or None,
            **customer_arguments(who, contact, notation),
            **job_arguments(job),
        }
        changes = not error and found != "replay"
        body = self._call("book_slot", arguments, changes=changes, ignores_travel=bool(same))
        assert code_of(body) == error
        if error:
            self._check_alternatives(body, job, free_for_caller)
            return
        if found == "new":
            token = self._use_offer(same)
            hold = self.memory.holds.get(token)
            job = replace(job, place=hold.job.place or job.place) if hold else job
            sale = Sale(job, frozenset((*known_as, *([hold.known_as] if hold else []))), by=request)
            self._check_released(own, sale, is_in_the_way=is_in_the_way)
            self._check_booking(body, found, id_, job)
            self._remember_sale(body, sale, request, known_as, token=token)
            if key:
                self._record_call("book_slot", arguments, str(body["booking"]["bookingId"]), job)
        else:
            self._check_booking(body, found, id_, job)
            self._remember_details(found, id_, request, known_as)

    def _own_offers(self, contacts: tuple[str, ...]) -> dict[str, StoredHold]:
        """Return the live offers of the waitlist that were made to a caller with one of the contacts, by token."""
        holds = self.memory.holds
        return {one: holds[one] for one in holds if not holds[one].contacts.isdisjoint(contacts) and self._is_live(one)}

    def _use_offer(self, same: list[str]) -> str:
        """Check that a new booking uses an own offer of the requested job, if there is one; return its token."""
        used = [token for token in same if self._held(token).state == "booked"]
        assert len(used) == min(1, len(same))
        for token in used:
            self.memory.holds[token] = replace(self.memory.holds[token], state="booked")
        return next(iter(used), "")

    def _check_released(self, own: Mapping[str, StoredHold], sale: Sale, *, is_in_the_way: bool) -> None:
        """Check that own offers are released only if they were in the way, or if the booking fulfills their entry."""
        released = {token for token in own if self._held(token).state == "released"}
        for wait in self.memory.waits.values():
            if wait.token in released:
                assert is_in_the_way or is_fulfilled(wait, sale, "")
                self.memory.holds[wait.token] = replace(own[wait.token], state="released")

    # -- expectations of the model ---------------------------------------------------------------

    def _error_of_retry(self, sent: Sent) -> str | None:
        """Check the arguments before the key."""
        if "holdToken" not in sent.arguments and sent.tool != "reschedule_booking":
            return self._lacks_skill(sent.job)
        return None

    def _decide(self, request: BookArguments, contacts: tuple[str, ...], *, token: str = "") -> tuple[str, str]:
        """Return the outcome of a request and the booking that it means, by the page about retries."""
        memory = self.memory
        scopes = [scoped(request.key, by) for by in contacts if request.key]
        known = next((memory.book_keys[scope] for scope in scopes if scope in memory.book_keys), None)
        is_booked = token != "" and memory.holds[token].state == "booked"
        by_token = self._held(token).id if is_booked else ""
        if known and by_token not in {"", known[1]}:
            return "mismatch", ""
        return outcome_among(
            request,
            {id_: self._made(id_) for id_ in sorted(memory.sold, key=lambda id_: (memory.sold[id_].job.start, id_))},
            key_of=known[1] if known else by_token,
            is_repeated=known is not None and known[0] == request,
            is_first_start_known=not is_booked,
        )

    def _made(self, id_: str) -> MadeBooking:
        sale, where = self.memory.sold[id_], location(self.memory.sold[id_].job.place)
        return MadeBooking(
            by=replace(sale.by, place=(where.latitude, where.longitude) if where else None),
            technician=self._entry(id_).technician_id,
            status=sale.status,
            start=sale.job.start,
            has_begun=sale.job.start * 60_000 <= self.clock.now_ms(),
            is_forgotten=sale.is_forgotten,
        )

    def _owner_of(self, token: str, job: Job, but: str = "") -> list[str]:
        """Return the technicians who can serve an unbooked hold: at least one while it is live, any free one later."""
        hold, is_live = self.memory.holds[token], self._is_live(token)
        if hold.state != "held" or (not is_live and self._is_past(job.start)):
            return []
        own = self._held(token)
        others = [one for one in self._live() if one.id not in {own.id, but}]
        staff, requested = self.memory.staff, own.technician_id if own.technician_chosen else None
        able = workers_for(staff, others, entry_of(job), requested)
        if not able and is_live:
            able = workers_for(staff, others, entry_of(replace(job, place=None)), requested)
            assert able or own.id in self.memory.stranded, "a live hold cannot be kept"
        return able

    def _check_booking(self, body: Body, found: str, id_: str, job: Job) -> None:
        booking = body["booking"]
        assert body["replayed"] is (found != "new")
        assert bool(body.get("stored")) is (found == "complete")
        if found != "new":
            assert booking["bookingId"] == id_
            assert booking["status"] == self.memory.sold[id_].status
            job = self.memory.sold[id_].job
        assert (at(booking["start"]), at(booking["end"])) == (job.start, job.end)
        if found == "new":
            assert job.requested in {None, booking["technicianId"]}

    def _remember_sale(
        self, body: Body, sale: Sale, request: BookArguments, contacts: tuple[str, ...], *, token: str = ""
    ) -> None:
        booking = str(body["booking"]["bookingId"])
        self.memory.sold[booking] = sale
        self._remember_key(request, booking, contacts)
        self._check_waitlist(fulfilled=sale, taken=token)

    def _remember_details(self, found: str, id_: str, request: BookArguments, contacts: tuple[str, ...]) -> None:
        """Remember the details that a request added to a booking."""
        sale = self.memory.sold[id_]
        if found == "complete":
            by = replace(sale.by, phone=sale.by.phone or request.phone, email=sale.by.email or request.email)
            place = sale.job.place or next((one for one in SOMEWHERE if _is_at(one, request)), None)
            self.memory.sold[id_] = replace(
                sale, by=by, job=replace(sale.job, place=place), known_as=sale.known_as | set(contacts)
            )
            self._remember_key(request, id_, contacts)
        self._check_waitlist()

    def _remember_key(self, request: BookArguments, booking: str, contacts: tuple[str, ...]) -> None:
        """Remember the booking of a key. A retry of an earlier request with the key would mean this booking, too."""
        if not request.key:
            return
        self.memory.book_keys.update({scoped(request.key, by): (request, booking) for by in contacts})
        self.memory.sent = [one for one in self.memory.sent if not _has_key(one, request.key)]


def _has_key(sent: Sent, key: str) -> bool:
    return sent.tool == "book_slot" and sent.arguments["idempotencyKey"] == key


def _is_offer_of(hold: StoredHold, job: Job) -> bool:
    """Return True if an offer is of the requested service, start, duration and technician."""
    is_same_time = (hold.job.kind, hold.job.start, hold.job.minutes) == (job.kind, job.start, job.minutes)
    return is_same_time and job.requested in {None, hold.job.requested}


def _is_at(place: str | None, request: BookArguments) -> bool:
    where = location(place)
    return where is not None and request.place == (where.latitude, where.longitude)
