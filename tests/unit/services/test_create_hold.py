"""create_hold: one unit of a start's capacity, reserved for a caller until it expires."""

from dataclasses import replace
from typing import Any

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import CredentialHoldLimit, HoldLimit, InvalidArgument, NotFound, SlotUnavailable
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.hold_rules import CALL_HOLDS_PER_TECHNICIAN
from support.callers import call
from support.shop import at, instant_ms, plan, service, technician
from support.sqlite_file import fingerprint, rows
from unit.services.conftest import Open

THREE = (technician("ana", "09:00-10:00"), technician("ben", "09:00-10:00"), technician("cem", "09:00-10:00"))


async def test_each_hold_takes_one_unit_until_none_is_left(opened: Open) -> None:
    shop = await opened(plan(*THREE))
    capacities = []
    for caller in ("one", "two", "three"):
        capacities.append((await shop.hold("09:00", who=caller)).capacity_left)
        assert await shop.offered() == {2: "09:00x2", 1: "09:00", 0: ""}[capacities[-1]]
    assert capacities == [2, 1, 0]
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:00", who="four")


async def test_a_held_start_is_free_at_the_millisecond_of_its_expiry(opened: Open) -> None:
    shop = await opened(plan(THREE[0]))
    hold = await shop.hold("09:00")
    expires_at_ms = hold.hold.claim.expires_at_ms
    assert expires_at_ms == instant_ms("06:00") + 90_000
    shop.clock.set_ms(expires_at_ms - 1)
    assert await shop.offered() == ""
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:00", who="another")
    shop.clock.set_ms(expires_at_ms)
    assert await shop.offered() == "09:00"
    assert (await shop.hold("09:00", who="another")).capacity_left == 0


async def test_a_hold_reports_its_appointment(opened: Open) -> None:
    shop = await opened(plan(THREE[0], hold_ttl_seconds=75))
    answer = await shop.hold("09:00")
    claim = answer.hold.claim
    assert (claim.start, claim.end, claim.service_id) == (at("09:00"), at("10:00"), "visit")
    assert claim.expires_at_ms == answer.now_ms + 75_000
    assert answer.hold.state is ClaimState.HELD
    assert not answer.replayed


async def test_tokens_are_unpredictable(opened: Open) -> None:
    shop = await opened(plan(*THREE))
    tokens = {(await shop.hold("09:00", who=caller)).hold.token for caller in ("one", "two", "three")}
    assert len(tokens) == 3
    assert all(len(token) >= 22 for token in tokens)


async def test_the_callers_reference_is_not_stored(opened: Open) -> None:
    shop = await opened(plan(*THREE))
    await shop.hold("09:00", who="+1 303 555 0142", idempotency_key="+1 303 555 0142 at nine")
    assert b"303 555 0142" not in shop.path.read_bytes() + shop.path.with_name("shop.db-wal").read_bytes()


@pytest.mark.parametrize("seconds", [60, 119, 120])
async def test_a_hold_expires_after_the_requested_ttl(opened: Open, seconds: int) -> None:
    shop = await opened(plan(THREE[0]))
    answer = await shop.hold("09:00", ttl_seconds=seconds)
    assert answer.hold.claim.expires_at_ms == answer.now_ms + seconds * 1000


@pytest.mark.parametrize("seconds", [59, 121, 0, -1, 10**9])
async def test_the_ttl_must_be_one_to_two_minutes(opened: Open, seconds: int) -> None:
    shop = await opened(plan(THREE[0]))
    with pytest.raises(InvalidArgument) as refused:
        await shop.hold("09:00", ttl_seconds=seconds)
    assert refused.value.fields[0].field == "ttlSeconds"
    assert await shop.offered() == "09:00"


async def test_a_customer_holds_at_most_three_times(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00")))
    first, *_ = [await shop.hold(start) for start in ("09:00", "10:00", "11:00")]
    before = fingerprint(shop.path)
    with pytest.raises(HoldLimit):
        await shop.hold("12:00")
    assert fingerprint(shop.path) == before
    assert (await shop.hold("12:00", who="somebody else")).capacity_left == 0
    await shop.app.holds.release_hold(None, first.hold.token)
    assert (await shop.hold("13:00")).capacity_left == 0


async def test_a_booked_or_lapsed_hold_does_not_count_towards_the_limit(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00"), max_holds_per_customer=2))
    await shop.book_hold(await shop.hold("09:00"))
    await shop.hold("10:00")
    await shop.hold("11:00")
    with pytest.raises(HoldLimit):
        await shop.hold("12:00")
    shop.clock.advance(seconds=90)
    assert (await shop.hold("12:00")).capacity_left == 0


@pytest.mark.parametrize("guessable", ["caller", "1", "default", "+13035550142", "caller-caller-caller"])
async def test_a_guessable_customer_hash_only_distinguishes_callers(opened: Open, guessable: str) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00")))
    for start in ("09:00", "10:00", "11:00", "12:00"):
        assert not (await shop.hold(start, customer_reference=guessable)).replayed
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:30", customer_reference=guessable)


async def test_a_call_holds_at_most_three_times_whatever_its_hashes(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00")))
    for start in ("09:00", "10:00", "11:00"):
        await shop.hold(start, who=start, origin=call("c7a1f93e05b24d68"))
    with pytest.raises(HoldLimit):
        await shop.hold("12:00", who="12:00", origin=call("c7a1f93e05b24d68"))
    assert (await shop.hold("12:00", who="09:00", origin=call("d7a1f93e05b24d68"))).capacity_left == 0
    for start in ("13:00", "14:00", "15:00", "16:00"):
        await shop.hold(start, who="", origin=call("1"))


async def test_a_guessable_call_id_does_not_lift_the_limit_of_a_hash(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00"), max_holds_per_customer=1))
    await shop.hold("09:00", origin=call("1"))
    with pytest.raises(HoldLimit):
        await shop.hold("10:00", origin=call("1"))


async def test_a_credential_without_calls_holds_at_most_so_many_times(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00")))
    app = build_app(shop.store, max_holds_per_credential=2)
    shop = replace(shop, app=app)
    await shop.hold("09:00", who="one")
    await shop.hold("10:30", who="", origin=call("1"))
    with pytest.raises(CredentialHoldLimit):
        await shop.hold("12:00", who="three")
    await shop.hold("12:00", who="", origin=call("c7a1f93e05b24d68"))
    await shop.hold("13:00", who="", origin=RequestOrigin(credential="another"))
    moved = await shop.hold("09:30", who="one")
    assert [hold.claim.start for hold in moved.replaced] == [at("09:00")]


async def test_a_credential_cannot_hold_more_by_inventing_call_ids(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00")))
    shop = replace(shop, app=build_app(shop.store, max_holds_per_credential=2))
    for hour in range(9, 9 + CALL_HOLDS_PER_TECHNICIAN):
        await shop.hold(f"{hour:02}:00", who=f"{hour}", origin=call(f"c7a1f93e05b24d{hour:02}"))
    with pytest.raises(CredentialHoldLimit, match="with a call id hold 5 times"):
        await shop.hold("15:00", who="another", origin=call("d7a1f93e05b24d68"))
    moved = await shop.hold("09:00", who="9", origin=call("c7a1f93e05b24d09"))
    assert moved.replayed
    await shop.hold("15:00", who="without a call")
    await shop.hold("16:00", origin=replace(call("d7a1f93e05b24d68"), credential="another"))


async def test_the_limit_is_counted_per_project(opened: Open) -> None:
    shop = await opened(plan(THREE[0], max_holds_per_customer=1))
    await shop.app.projects.import_project(plan(THREE[0], id="other", max_holds_per_customer=1), prune=False)
    await shop.hold("09:00", project_id="shop")
    await shop.hold("09:00", project_id="other")
    pseudonyms = {pseudonym for (pseudonym,) in rows(shop.path, "SELECT customer_pseudonym FROM claims")}
    assert len(pseudonyms) == 2, "the same caller is known in two projects by the same pseudonym"


async def test_a_requested_technician_is_saved_with_the_hold(opened: Open) -> None:
    shop = await opened(plan(*THREE))
    await shop.hold("09:00", technician_id="cem")
    assert await shop.offered(technician_id="cem") == ""
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:00", who="another", technician_id="cem")
    answer = await shop.hold("09:00", who="another", technician_id="ben")
    assert answer.hold.claim.technician_id == "ben"
    assert answer.capacity_left == 0, "Ben has no more capacity; the requested technician limits it"


async def test_the_end_determines_the_length_of_a_hold(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00")))
    claim = (await shop.hold("09:00", end=at("11:30"))).hold.claim
    assert claim.end - claim.start == 150


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"end": at("09:00")}, "end"),
        ({"end": at("08:00")}, "end"),
        ({"end": at("2025-06-04T09:00")}, "end"),
        ({"end": at("10:00"), "duration_minutes": 90}, "durationMinutes"),
        ({"duration_minutes": 0}, "durationMinutes"),
        ({"duration_minutes": 1441}, "durationMinutes"),
    ],
)
async def test_an_invalid_length_is_rejected(opened: Open, facts: dict[str, Any], field: str) -> None:
    shop = await opened(plan(THREE[0]))
    with pytest.raises(InvalidArgument) as refused:
        await shop.hold("09:00", **facts)
    assert [one.field for one in refused.value.fields] == [field]


async def test_an_end_and_a_duration_that_agree_are_accepted(opened: Open) -> None:
    shop = await opened(plan(THREE[0]))
    claim = (await shop.hold("09:00", end=at("09:30"), duration_minutes=30)).hold.claim
    assert (claim.start, claim.end) == (at("09:00"), at("09:30"))


async def test_an_unknown_id_is_rejected_with_similar_ids(opened: Open) -> None:
    shop = await opened(plan(*THREE, services=(service("repair"), service("tune-up"))))
    with pytest.raises(NotFound) as no_service:
        await shop.hold("09:00", service_id="repairs")
    assert (no_service.value.field, no_service.value.nearest) == ("serviceType", ("repair", "tune-up"))
    with pytest.raises(NotFound) as no_technician:
        await shop.hold("09:00", service_id="repair", technician_id="anna")
    assert (no_technician.value.field, no_technician.value.nearest[0]) == ("technicianId", "ana")
    with pytest.raises(NotFound) as no_project:
        await shop.hold("09:00", project_id="shoop")
    assert (no_project.value.field, no_project.value.nearest) == ("projectId", ("shop",))


async def test_a_requested_technician_needs_the_skills(opened: Open) -> None:
    able, unable = technician("ana", "09:00-10:00", skills="gas"), technician("ben", "09:00-10:00")
    shop = await opened(plan(able, unable, services=(service("boiler", skills="gas"),)))
    with pytest.raises(InvalidArgument, match=r"ben lacks the skill gas for boiler; these have it: ana\."):
        await shop.hold("09:00", technician_id="ben")


@pytest.mark.parametrize("start", ["08:30", "09:15", "09:30", "05:30", "2025-06-13T09:00", "2025-06-01T09:00"])
async def test_an_unbookable_start_is_rejected_and_nothing_is_saved(opened: Open, start: str) -> None:
    shop = await opened(plan(THREE[0]))
    before = fingerprint(shop.path)
    with pytest.raises(SlotUnavailable):
        await shop.hold(start, idempotency_key="k")
    assert fingerprint(shop.path) == before
