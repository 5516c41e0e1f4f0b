"""Draft of a unit of work: its writes are kept for later, and its reads are answered from what is known.

A draft never waits. What it cannot do raises a signal, after which the unit is run again, with more knowledge or under
the project's lock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from slotmcp.store import bookings, calendar, catalog, claims, waitlist
from slotmcp.store.change_log import ADD_CHANGE, SET_REVISION
from slotmcp.store.postgres.pending import UPDATES, PendingWrites, Touched
from slotmcp.store.schedules import CHANGES_AFTER
from slotmcp.store.statement import Row, Statement
from slotmcp.store.transaction import ADD_RECEIPT, RECEIPTS_OF_KEYS

MAX_ROWS: Final = 10_000
"""Maximum number of rows that a unit writes to one table. It writes more under the lock."""

Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReadKey:
    """One read: a statement with its values."""

    statement: Statement
    values: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, statement: Statement, values: Values) -> "ReadKey":
        """Return the key of a read."""
        return cls(statement, tuple(sorted(values.items())))


Knowledge: TypeAlias = dict[ReadKey, Sequence[Row]]
"""Rows that were read at the state on which a group decides."""


class ReadNeeded(BaseException):
    """Signal: the unit needs rows that are not known."""

    def __init__(self, key: ReadKey) -> None:
        super().__init__(key)
        self.key = key


class ScheduleNeeded(BaseException):
    """Signal: the unit needs the schedule, which is not known or not current."""


class NextGroupNeeded(BaseException):
    """Signal: the unit reads what another unit of the group writes."""


class LockNeeded(BaseException):
    """Signal: the unit has to run under the lock, because it reads what it wrote, or runs another statement."""


@dataclass(frozen=True, slots=True)
class Read:
    """Rule by which a draft answers a statement that reads."""

    touched: Callable[[Values], set[Touched]]
    """Things on which the result of the statement depends."""
    id_column: int | None = None
    """Position of the claim's id in a row."""
    missing: Callable[[Values], tuple[str, Sequence[object]]] | None = None
    """For rows that are usually missing: kind and rows of an assumption, which is checked when the group is written."""


def _json_keys(values: Values) -> list[str]:
    keys: list[str] = orjson.loads(values["keys"])
    return keys


def _receipts(values: Values) -> set[Touched]:
    return {("receipt", values["use_case"], values["credential"], key) for key in _json_keys(values)}


def _no_receipts(values: Values) -> tuple[str, Sequence[object]]:
    use_case, credential = values["use_case"], values["credential"]
    return "no_receipts", [{"use_case": use_case, "credential": credential, "key": key} for key in _json_keys(values)]


def _no_visits(values: Values) -> tuple[str, Sequence[object]]:
    names = ("service_id", "start_minute", "end_minute")
    return "no_visits", [{**{name: values[name] for name in names}, "keys": _json_keys(values)}]


READS: Final[Mapping[Statement, Read]] = {
    RECEIPTS_OF_KEYS: Read(_receipts, missing=_no_receipts),
    bookings.BOOKINGS_OVERLAPPING: Read(
        lambda values: {("contact", key) for key in _json_keys(values)}, id_column=1, missing=_no_visits
    ),
    bookings.BOOKINGS_BY: Read(lambda values: {("contact", values["key"])}, id_column=1),
    bookings.BOOKING: Read(lambda values: {("claim", values["claim_id"])}),
    bookings.BOOKING_CLAIMS: Read(lambda values: {("claim", key) for key in _json_keys(values)}),
    bookings.ATTENTION: Read(lambda _: {("attention",)}),
    claims.HOLD: Read(lambda values: {("token", values["hold_token"])}, id_column=1),
    claims.HOLDS: Read(lambda values: {("token", key) for key in _json_keys(values)}, id_column=1),
    claims.HOLD_OF_CLAIM: Read(lambda values: {("claim", values["id"])}),
    waitlist.ENTRY: Read(lambda _: set(), missing=lambda values: ("no_entries", [values["id"]])),
    waitlist.ENTRIES: Read(lambda _: set()),
    catalog.PROJECT: Read(lambda _: set()),
}
"""Statements that a draft can answer. It never writes the waitlist and the catalog."""

FIRST_OF_SCHEDULE: Final = frozenset({CHANGES_AFTER, catalog.TECHNICIANS_IN_CATALOG})
"""Statements with which the schedule is read, after that of the project."""


class Draft:
    """Implementation of Fetch and RunMany for one unit of work."""

    def __init__(self, group: PendingWrites, knowledge: Knowledge) -> None:
        self._group = group
        self._knowledge = knowledge
        self.pending = PendingWrites()
        self.assumed: set[ReadKey] = set()
        """Reads that were answered with no rows, which the group has to check."""

    async def fetch(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """Answer a read, or keep a write."""
        if (write := WRITES.get(statement)) is not None:
            return self._keep(write, values)
        read = READS.get(statement)
        if read is None:
            raise ScheduleNeeded if statement in FIRST_OF_SCHEDULE else LockNeeded
        return self._answer(read, ReadKey.of(statement, values), values)

    async def run_many(self, statement: Statement, sets: Sequence[dict[str, object]], /) -> None:
        """Keep several writes."""
        write = WRITES.get(statement)
        if write is None or len(sets) > MAX_ROWS:
            raise LockNeeded
        for values in sets:
            self._keep(write, values)

    def _keep(self, write: "Write", values: Values) -> Sequence[Row]:
        self.pending.add(write.list_name, write.row(values), *write.touched(values))
        return write.answer(values)

    def _answer(self, read: Read, key: ReadKey, values: Values) -> Sequence[Row]:
        rows = self._knowledge.get(key)
        touched = read.touched(values)
        if rows is None:
            self._check(touched)
            if read.missing is None:
                raise ReadNeeded(key)
            self.assumed.add(key)
            kind, missing = read.missing(values)
            for row in missing:
                self.pending.assume_missing(kind, row)
            return ()
        if read.id_column is not None:
            touched |= {("claim", row[read.id_column]) for row in rows}
        self._check(touched)
        return rows

    def _check(self, touched: set[Touched]) -> None:
        """Reject a read of something that is pending.

        Raises:
            NextGroupNeeded, LockNeeded.
        """
        if not touched.isdisjoint(self._group.touched):
            raise NextGroupNeeded
        if not touched.isdisjoint(self.pending.touched):
            raise LockNeeded


@dataclass(frozen=True, slots=True)
class Write:
    """Rule by which a draft keeps a statement that writes."""

    list_name: str
    row: Callable[[Values], Mapping[str, object]]
    touched: Callable[[Values], set[Touched]]
    answer: Callable[[Values], Sequence[Row]] = lambda _: ()


def _update(kind: str) -> Callable[[Values], Mapping[str, object]]:
    return lambda values: {**values, "kind": kind}


def _as_given(values: Values) -> Mapping[str, object]:
    return values


def _with_time(name: str) -> Callable[[Values], Mapping[str, object]]:
    return lambda values: {**values, name: values["now_ms"]}


def _push(values: Values) -> Mapping[str, object]:
    now_ms = values["now_ms"]
    defaults = {"version": 1, "since_ms": now_ms, "due_ms": now_ms, "attempts": 0, "refused": ""}
    return {**defaults, **values}


def _claim(values: Values) -> set[Touched]:
    token = values.get("hold_token")
    return {("claim", values["id"]), *({("token", token)} if token else ())}


def _booking(values: Values) -> set[Touched]:
    return {("claim", values["claim_id"]), *({("attention",)} if values["attention"] else ())}


def _taken(values: Values) -> Sequence[Row]:
    """Return the row of a claim on free time. If the time is taken, the group fails and is run under the lock."""
    return [(values["id"],)]


WRITES: Final[Mapping[Statement, Write]] = {
    claims.ADD_CLAIM: Write("claims", _as_given, _claim, _taken),
    claims.SAVE_CLAIM: Write(UPDATES, _update("save_claim"), _claim, _taken),
    claims.MOVE_HOLD: Write(UPDATES, _update("move_hold"), _claim, _taken),
    claims.END_HOLD: Write(UPDATES, _update("end_hold"), _claim),
    bookings.ADD_BOOKING: Write("bookings", _with_time("created_at_ms"), _booking),
    bookings.SAVE_BOOKING: Write(
        UPDATES, _update("save_booking"), lambda values: {("claim", values["claim_id"]), ("attention",)}
    ),
    bookings.SET_ATTENTION: Write(
        UPDATES, _update("set_attention"), lambda values: {("claim", values["claim_id"]), ("attention",)}
    ),
    bookings.DELETE_BOOKING_CONTACTS: Write(
        UPDATES, _update("delete_contacts"), lambda values: {("claim", values["claim_id"])}
    ),
    bookings.ADD_BOOKING_CONTACT: Write("booking_contacts", _as_given, lambda values: {("contact", values["key"])}),
    ADD_RECEIPT: Write(
        "receipts",
        _with_time("created_at_ms"),
        lambda values: {("receipt", values["use_case"], values["credential"], values["key"])},
    ),
    calendar.REQUEST_PUSH: Write("calendar_pushes", _push, lambda values: {("push", values["booking_id"])}),
    SET_REVISION: Write("revisions", _as_given, lambda _: set()),
    ADD_CHANGE: Write("changes", _as_given, lambda _: set()),
}
"""Statements that a draft keeps for later."""
