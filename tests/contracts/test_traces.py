"""Contract of the port Traces."""

from dataclasses import replace

from slotmcp.domain.catalog import Location
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import Question, ScheduleSource, TechnicianTrace, Trace, TracedUse
from slotmcp.ports import Store
from slotmcp.store.traces import BATCH_ROWS
from support.clock import NOW_MS
from support.schedules import NOON, PROJECT

SHOP = PROJECT.id
PLAIN = Trace(id="plain", project_id=SHOP, use=TracedUse.GET_SLOTS, at_ms=NOW_MS, outcome="ok", conversation="c")
FULL = Trace(
    id="full",
    project_id=SHOP,
    use=TracedUse.BOOK_SLOT,
    at_ms=NOW_MS + 1,
    outcome="slot_unavailable",
    conversation="c",
    call_id="call-7",
    revision=7,
    book_from=ScheduleSource.SHARED,
    question=Question(
        service_id="repair",
        duration_minutes=60,
        start_from=NOON,
        start_to=NOON + 1,
        timezone="America/Denver",
        technician_id="ana",
        part_of_day=PartOfDay.MORNING,
        days_of_week=(0, 4),
        area=Location(39.74, -104.99),
    ),
    offered=(NOON, NOON + 60),
    start=NOON,
    capacity=2,
    hold_key="h",
    booking_id="b",
    technician_id="ana",
    why="load 2",
    was_replayed=True,
    was_revived=True,
    moved_holds=1,
    technicians=(TechnicianTrace(technician_id="ana", could=0, reasons={Reason.BOOKED: 1}),),
    hops={"total": 1500, "engine": 20},
)


async def test_a_trace_is_read_as_it_was_added(store: Store, other: Store) -> None:
    await store.add_traces([PLAIN, FULL])
    assert await other.trace("plain") == PLAIN
    assert await other.trace("full") == FULL
    assert await other.trace("gone") is None


async def test_traces_of_a_half_open_span_are_in_order(store: Store) -> None:
    later = replace(PLAIN, id="a", at_ms=NOW_MS + 2)
    await store.add_traces([later, FULL, PLAIN])
    assert await store.traces(SHOP, NOW_MS, NOW_MS + 2) == (PLAIN, FULL)
    assert await store.traces(SHOP, NOW_MS + 1, NOW_MS + 3) == (FULL, later)
    assert await store.traces("other", 0, NOW_MS * 2) == ()


async def test_an_existing_trace_is_not_replaced(store: Store) -> None:
    await store.add_traces([PLAIN])
    await store.add_traces([replace(PLAIN, outcome="internal"), FULL])
    assert await store.traces(SHOP, 0, NOW_MS * 2) == (PLAIN, FULL)


async def test_traces_of_a_missing_project_are_dropped(store: Store) -> None:
    await store.add_traces([replace(PLAIN, project_id="gone"), FULL])
    assert await store.trace("plain") is None
    assert await store.trace("full") == FULL
    await store.add_traces([])


async def test_conversations_are_read_by_name(store: Store) -> None:
    others = [replace(PLAIN, id=f"o{number}", conversation=f"c{number}") for number in range(3)]
    await store.add_traces([FULL, PLAIN, *others])
    assert await store.conversations(SHOP, ["c", "c2", "gone"], from_ms=0, limit=9) == (others[2], PLAIN, FULL)
    assert await store.conversations(SHOP, {"c"}, from_ms=NOW_MS + 1, limit=9) == (FULL,)
    assert await store.conversations(SHOP, ["c"], from_ms=0, limit=1) == (FULL,), "the newest"
    assert await store.conversations("other", ["c"], from_ms=0, limit=9) == ()


async def test_refusals_are_refused_calls_and_empty_results_newest_first(store: Store) -> None:
    held = replace(PLAIN, id="held", use=TracedUse.CREATE_HOLD)
    offered = replace(PLAIN, id="offered", offered=(NOON,))
    again = replace(FULL, id="g")
    await store.add_traces([PLAIN, held, offered, again, FULL])
    assert await store.refusals(SHOP, from_ms=NOW_MS, limit=9) == (again, FULL, PLAIN)
    assert await store.refusals(SHOP, from_ms=NOW_MS, limit=1) == (again,)
    assert await store.refusals(SHOP, from_ms=NOW_MS + 1, limit=9) == (again, FULL)
    assert await store.refusals("other", from_ms=0, limit=9) == ()


async def test_old_traces_are_deleted(store: Store) -> None:
    await store.add_traces([PLAIN, FULL])
    assert await store.drop_traces(NOW_MS) == 0
    assert await store.drop_traces(NOW_MS + 1) == 1
    assert await store.traces(SHOP, 0, NOW_MS * 2) == (FULL,)


async def test_the_oldest_traces_above_a_size_are_deleted_in_bounded_batches(store: Store) -> None:
    assert await store.excess_traces(0) == 0
    count = BATCH_ROWS + 100
    traces = [replace(PLAIN, id=f"t{number:04}", at_ms=NOW_MS + number) for number in range(count)]
    await store.add_traces(traces)
    assert await store.excess_traces(1_000_000_000) == 0
    excess = await store.excess_traces(100_000)
    assert count // 2 < excess < count
    assert await store.drop_oldest_traces(excess + count) == BATCH_ROWS
    assert [each.id for each in await store.traces(SHOP, 0, NOW_MS * 2)] == [each.id for each in traces[BATCH_ROWS:]]
    assert await store.drop_oldest_traces(1) == 1


async def test_traces_do_not_move_the_revision(store: Store) -> None:
    before = (await store.head(SHOP)).revision
    await store.add_traces([FULL])
    assert (await store.head(SHOP)).revision == before
