"""Import of a project file: additions, changes and removals; existing bookings never change."""

from dataclasses import replace

import pytest

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.catalog import TimeOff
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.project_file import dump_project, read_project_file
from slotmcp.services import project_import
from slotmcp.services.imports import ImportReport, ProjectPlan
from slotmcp.services.technicians import TimeOffRequest
from support.shop import Shop, at, booking, busy, customer, hours, plan, service, technician, with_technicians
from support.sqlite_file import count, fingerprint
from unit.services.conftest import Open

ANA, BEN = technician("ana", "09:00-12:00"), technician("ben", "09:00-12:00")
WHOLE = plan(
    ANA,
    BEN,
    services=(service("visit"), service("check")),
    bookings=[booking("b-1", "ana", "09:00")],
    busy=[busy("ben", "09:00", "10:00")],
    default_service_id="visit",
)


CHECKS = replace(WHOLE.project, default_service_id="check")


async def bring(shop: Shop, business: ProjectPlan, *, prune: bool = False, dry_run: bool = False) -> ImportReport:
    return await shop.app.projects.import_project(business, prune=prune, dry_run=dry_run)


async def test_a_new_project_is_created_with_everything_in_its_file(opened: Open) -> None:
    shop = await opened()
    report = await bring(shop, WHOLE)
    assert report.created == (
        "project shop",
        "service visit",
        "service check",
        "technician ana",
        "technician ben",
        "busy time of ben at 2025-06-02T09:00+00:00",
        "booking b-1",
    )
    assert (report.updated, report.unchanged, report.removable, report.removed) == ((), 0, (), ())
    assert await shop.offered() == "10:00x2 10:30x2 11:00x2"


async def test_importing_the_same_file_again_changes_nothing(opened: Open) -> None:
    shop = await opened(WHOLE)
    before = fingerprint(shop.path)
    report = await bring(shop, WHOLE)
    assert report == ImportReport(project_id="shop", unchanged=7)
    assert fingerprint(shop.path) == before, "not even the revision"


async def test_differences_are_updated_and_reported(opened: Open) -> None:
    shop = await opened(WHOLE)
    revision = await shop.revision()
    changed = replace(
        WHOLE,
        project=replace(WHOLE.project, name="New Shop"),
        services=(service("visit", 90), service("check")),
        technicians=(technician("ana", "09:00-13:00"), BEN),
    )
    report = await bring(shop, changed)
    assert report.updated == ("project shop", "service visit", "technician ana")
    assert report.created == ()
    assert await shop.revision() == revision + 1
    assert await shop.offered() == "10:00x2 10:30x2 11:00 11:30"


async def test_items_missing_from_the_file_are_kept_and_reported(opened: Open) -> None:
    shop = await opened(WHOLE)
    smaller = replace(WHOLE, services=(service("visit"),), technicians=(ANA,), busy=(), bookings=())
    before = await shop.offered()
    report = await bring(shop, smaller)
    assert report.removable == ("service check", "technician ben", "busy time of ben at 2025-06-02T09:00+00:00")
    assert report.removed == ()
    assert await shop.offered() == before


async def test_prune_removes_items_missing_from_the_file(opened: Open) -> None:
    shop = await opened(WHOLE)
    report = await bring(shop, replace(WHOLE, services=(service("visit"),), technicians=(ANA,), busy=()), prune=True)
    assert report.removed == ("service check", "technician ben", "busy time of ben at 2025-06-02T09:00+00:00")
    assert report.removable == ()
    assert await shop.offered() == "10:00 10:30 11:00"
    with pytest.raises(NotFound):
        await shop.slots(service_id="check")


async def test_bookings_are_never_pruned(opened: Open) -> None:
    shop = await opened(WHOLE)
    await shop.book("10:00", customer=customer(1))
    await bring(shop, replace(WHOLE, bookings=()), prune=True)
    assert count(shop.path, "bookings") == 2


async def test_pruned_items_can_be_imported_again(opened: Open) -> None:
    shop = await opened(WHOLE)
    await bring(shop, replace(WHOLE, services=(service("visit"),), technicians=(ANA,), busy=()), prune=True)
    report = await bring(shop, WHOLE)
    assert report.created == ("service check", "technician ben", "busy time of ben at 2025-06-02T09:00+00:00")
    assert await shop.offered() == "10:00x2 10:30x2 11:00x2"


async def test_a_technician_with_future_bookings_cannot_be_pruned(opened: Open) -> None:
    shop = await opened(WHOLE)
    before = fingerprint(shop.path)
    with pytest.raises(InvalidArgument, match=r"ana has 1 bookings or holds to come.*status: off"):
        await bring(shop, with_technicians(WHOLE, BEN), prune=True)
    assert fingerprint(shop.path) == before


async def test_a_technician_with_a_live_hold_cannot_be_pruned(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    await shop.hold("09:00", technician_id="ben")
    with pytest.raises(InvalidArgument, match="ben"):
        await bring(shop, plan(ANA), prune=True)
    shop.clock.advance(seconds=90)
    assert (await bring(shop, plan(ANA), prune=True)).removed == ("technician ben",)


async def test_a_technician_with_past_bookings_can_be_pruned(opened: Open) -> None:
    shop = await opened(WHOLE)
    shop.at_time("10:00")
    report = await bring(shop, with_technicians(WHOLE, BEN), prune=True)
    assert report.removed == ("technician ana",)
    assert count(shop.path, "bookings") == 1


async def test_a_dry_run_reports_the_changes_without_making_them(opened: Open) -> None:
    shop = await opened(WHOLE)
    changed = replace(WHOLE, technicians=(technician("ana", "09:00-13:00"), technician("cem")), busy=())
    for prune in (False, True):
        before = fingerprint(shop.path)
        report = await bring(shop, changed, prune=prune, dry_run=True)
        assert fingerprint(shop.path) == before
        assert await bring(shop, changed, prune=prune) == report


async def test_a_dry_run_of_a_new_project_creates_none(opened: Open) -> None:
    shop = await opened()
    report = await bring(shop, WHOLE, dry_run=True)
    assert "project shop" in report.created
    assert await shop.store.project_ids() == ()


async def test_a_changed_order_is_imported(opened: Open) -> None:
    shop = await opened(WHOLE)
    await bring(shop, replace(WHOLE, services=WHOLE.services[::-1], technicians=(BEN, ANA)))
    exported = await shop.app.projects.export_project(None)
    assert [one.id for one in exported.services] == ["check", "visit"]
    assert [one.id for one in exported.technicians] == ["ben", "ana"]


async def test_an_overlapping_booking_is_rejected_and_nothing_is_imported(opened: Open) -> None:
    shop = await opened(WHOLE)
    await shop.book("10:00", technician_id="ana")
    before = fingerprint(shop.path)
    clashing = replace(
        WHOLE,
        project=replace(WHOLE.project, name="Other"),
        bookings=(*WHOLE.bookings, booking("b-2", "ana", "10:30")),
    )
    with pytest.raises(InvalidArgument, match="b-2 of ana overlaps"):
        await bring(shop, clashing)
    assert fingerprint(shop.path) == before


async def test_a_booking_that_overlaps_a_live_hold_is_rejected(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("10:00")
    with pytest.raises(InvalidArgument, match="live hold"):
        await bring(shop, plan(ANA, bookings=[booking("b-1", "ana", "10:30")]))
    assert (await shop.book_hold(hold)).technician.id == "ana"


async def test_a_booking_may_take_the_time_of_a_lapsed_hold(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.hold("10:00")
    shop.clock.advance(seconds=90)
    report = await bring(shop, plan(ANA, bookings=[booking("b-1", "ana", "10:00")]))
    assert report.created == ("booking b-1",)


async def test_an_existing_booking_that_differs_is_kept_and_reported(opened: Open) -> None:
    shop = await opened(WHOLE)
    report = await bring(shop, replace(WHOLE, bookings=(booking("b-1", "ana", "10:00"),)))
    assert report.kept_bookings == ("b-1",)
    (stored,) = await shop.store.bookings("shop")
    assert stored.claim.start == at("09:00")


async def test_export_returns_the_imported_plan(opened: Open) -> None:
    shop = await opened(WHOLE)
    exported = await shop.app.projects.export_project("shop")
    assert exported == WHOLE
    before = fingerprint(shop.path)
    assert (await bring(shop, exported)).unchanged == 7
    assert fingerprint(shop.path) == before


async def test_export_contains_callers_bookings_and_no_holds(opened: Open) -> None:
    shop = await opened(WHOLE)
    sold = await shop.book("10:00", customer=customer(1))
    await shop.hold("11:00")
    exported = await shop.app.projects.export_project(None)
    assert [one.id for one in exported.bookings] == ["b-1", sold.booking.id]
    assert (await bring(shop, exported)).unchanged == 8


async def test_export_contains_chosen_technicians_and_outcomes(opened: Open) -> None:
    shop = await opened(WHOLE)
    hold = await shop.hold("10:00", technician_id="ana")
    sold = await shop.book_hold(hold, customer=customer(1))
    shop.at_time("2025-06-02T12:00Z")
    await shop.app.bookings.set_booking_status(None, sold.booking.id, BookingStatus.COMPLETED)
    exported = await shop.app.projects.export_project(None)
    assert [(one.claim.technician_chosen, one.status) for one in exported.bookings] == [
        (False, BookingStatus.CONFIRMED),
        (True, BookingStatus.COMPLETED),
    ]
    read = read_project_file(dump_project(exported), source="exported", now_ms=shop.clock.now_ms()).plan
    anonymous = (replace(one, customer=None, contact_keys=(), reason=None) for one in exported.bookings)
    assert read.bookings == tuple(anonymous)
    report = await bring(shop, read)
    assert (report.unchanged, report.kept_bookings) == (8, ())


async def test_export_contains_past_bookings_and_busy_times(opened: Open) -> None:
    shop = await opened(WHOLE)
    shop.at_time("2025-09-01T00:00Z")
    exported = await shop.app.projects.export_project(None)
    assert (exported.bookings, exported.busy) == (WHOLE.bookings, WHOLE.busy)


async def test_export_omits_bookings_of_pruned_services(opened: Open) -> None:
    shop = await opened(WHOLE)
    await bring(shop, replace(WHOLE, services=(service("check"),), project=CHECKS, bookings=()), prune=True)
    exported = await shop.app.projects.export_project("shop")
    assert exported.bookings == ()
    assert count(shop.path, "bookings") == 1
    assert (await bring(shop, exported)).updated == ()


async def test_export_of_an_unknown_project_is_rejected(opened: Open) -> None:
    shop = await opened()
    with pytest.raises(InvalidArgument, match="slotmcp import"):
        await shop.app.projects.export_project(None)
    with pytest.raises(NotFound):
        await shop.app.projects.export_project("shop")


async def test_projects_in_one_database_are_separate(opened: Open) -> None:
    shop = await opened(WHOLE)
    report = await bring(shop, replace(WHOLE, project=replace(WHOLE.project, id="second")))
    assert len(report.created) == 7
    await shop.book("10:00", project_id="second", technician_id="ana")
    assert await shop.offered(project_id="shop") == "10:00x2 10:30x2 11:00x2"
    assert await shop.offered(project_id="second", technician_id="ana") == "11:00"


async def test_a_duplicate_busy_time_is_added_once(opened: Open) -> None:
    shop = await opened(replace(WHOLE, busy=(*WHOLE.busy, *WHOLE.busy)))
    exported = await shop.app.projects.export_project(None)
    assert exported.busy == WHOLE.busy


async def test_busy_time_does_not_undo_a_booking(opened: Open) -> None:
    shop = await opened(WHOLE)
    over_it = BusyTime(technician_id="ana", start=at("09:00"), end=at("12:00"), source="calendar")
    await bring(shop, replace(WHOLE, busy=(*WHOLE.busy, over_it)))
    assert count(shop.path, "bookings") == 1
    assert await shop.offered(technician_id="ana") == ""


async def test_an_import_that_makes_a_technician_unavailable_keeps_bookings(opened: Open) -> None:
    shop = await opened(WHOLE)
    await bring(shop, with_technicians(WHOLE, technician("ana", shifts=(hours("14:00-15:00"),)), BEN))
    (stored,) = await shop.store.bookings("shop")
    assert (stored.claim.technician_id, stored.claim.start) == ("ana", at("09:00"))


async def test_an_import_lists_a_limited_number_of_affected_bookings(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_import, "MAX_LISTED", 2)
    bookings = tuple(booking(f"b-{hour}", "ana", f"{hour:02}:00") for hour in (9, 10, 11))
    shop = await opened(replace(WHOLE, bookings=bookings))
    away = technician("ana", shifts=(hours("14:00-15:00"),))
    effects = (await bring(shop, with_technicians(replace(WHOLE, bookings=()), away, BEN))).effects
    assert (effects.marked, len(effects.listed)) == (3, 2)


OFF = TimeOff(start=at("10:00"), end=at("11:00"), reason="dentist")
BY_OPERATOR = replace(OFF, by_operator=True)
HOLIDAY = TimeOff(start=at("2025-06-05T00:00"), end=at("2025-06-06T00:00"))


async def add_time_off(shop: Shop, off: TimeOff) -> None:
    await shop.app.technicians.add_time_off(
        TimeOffRequest(technician_id="ana", start=off.start, end=off.end, reason=off.reason)
    )


async def time_off(shop: Shop) -> tuple[TimeOff, ...]:
    return (await shop.store.schedule("shop")).technician_schedules["ana"].technician.time_off


async def test_time_off_that_an_operator_added_is_kept_until_pruned(opened: Open) -> None:
    shop = await opened(WHOLE)
    await add_time_off(shop, OFF)
    before = fingerprint(shop.path)
    report = await bring(shop, WHOLE)
    assert (report.removable, report.updated) == (("time off of ana at 2025-06-02T10:00+00:00",), ())
    assert fingerprint(shop.path) == before
    pruned = await bring(shop, WHOLE, prune=True)
    assert (pruned.removed, pruned.updated) == (("time off of ana at 2025-06-02T10:00+00:00",), ("technician ana",))
    assert await time_off(shop) == ()


async def test_time_off_in_the_file_and_by_an_operator_is_one(opened: Open) -> None:
    shop = await opened(WHOLE)
    await add_time_off(shop, OFF)
    written = with_technicians(WHOLE, replace(ANA, time_off=(OFF,)), BEN)
    report = await bring(shop, written, prune=True)
    assert (report.updated, report.removed) == ((), ())
    assert await time_off(shop) == (BY_OPERATOR,)


async def test_changing_other_time_off_keeps_the_operators(opened: Open) -> None:
    shop = await opened(WHOLE)
    await add_time_off(shop, OFF)
    report = await bring(shop, with_technicians(WHOLE, replace(ANA, time_off=(HOLIDAY,)), BEN))
    assert report.updated == ("technician ana",)
    assert await time_off(shop) == (HOLIDAY, BY_OPERATOR)
    report = await bring(shop, WHOLE)
    assert await time_off(shop) == (BY_OPERATOR,)


async def test_exported_operator_time_off_can_be_imported_without_change(opened: Open) -> None:
    shop = await opened(with_technicians(WHOLE, replace(ANA, time_off=(HOLIDAY,)), BEN))
    await add_time_off(shop, OFF)
    text = dump_project(await shop.app.projects.export_project(None))
    exported = read_project_file(text, source="exported", now_ms=shop.clock.now_ms()).plan
    before = fingerprint(shop.path)
    report = await bring(shop, exported, prune=True)
    assert (report.updated, report.removed, report.removable) == ((), (), ())
    assert fingerprint(shop.path) == before
