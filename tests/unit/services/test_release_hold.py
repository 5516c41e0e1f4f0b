"""release_hold: released capacity is bookable again; a second release succeeds."""

import pytest

from slotmcp.domain.errors import HoldExpired, NotFound
from support.shop import plan, technician
from support.sqlite_file import fingerprint
from unit.services.conftest import Open

ONE = plan(technician("ana", "09:00-10:00"))


async def test_a_released_start_is_free_at_once(opened: Open) -> None:
    shop = await opened(ONE)
    hold = await shop.hold("09:00")
    answer = await shop.app.holds.release_hold("shop", hold.hold.token)
    assert (answer.released, answer.booked) == (True, False)
    assert await shop.offered() == "09:00"


async def test_each_released_unit_counts_at_once(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00"), technician("ben", "09:00-10:00")))
    seen = [await shop.offered()]
    tokens = []
    for who in ("a", "b"):
        tokens.append((await shop.hold("09:00", who=who)).hold.token)
        seen.append(await shop.offered())
    for token in tokens:
        await shop.app.holds.release_hold(None, token)
        seen.append(await shop.offered())
    assert seen == ["09:00x2", "09:00", "", "09:00", "09:00x2"]


async def test_a_second_release_changes_nothing(opened: Open) -> None:
    shop = await opened(ONE)
    hold = await shop.hold("09:00")
    await shop.app.holds.release_hold(None, hold.hold.token)
    before = fingerprint(shop.path)
    answer = await shop.app.holds.release_hold(None, hold.hold.token)
    assert (answer.released, answer.booked) == (False, False)
    assert fingerprint(shop.path) == before


async def test_a_lapsed_or_unknown_hold_is_not_released(opened: Open) -> None:
    shop = await opened(ONE)
    hold = await shop.hold("09:00")
    shop.clock.advance(seconds=90)
    before = fingerprint(shop.path)
    assert not (await shop.app.holds.release_hold(None, hold.hold.token)).released
    assert not (await shop.app.holds.release_hold(None, "never-was")).released
    assert fingerprint(shop.path) == before


async def test_a_release_never_cancels_a_booking(opened: Open) -> None:
    shop = await opened(ONE)
    hold = await shop.hold("09:00")
    await shop.book_hold(hold)
    answer = await shop.app.holds.release_hold(None, hold.hold.token)
    assert (answer.released, answer.booked) == (False, True)
    assert await shop.offered() == ""


async def test_a_released_hold_cannot_be_booked(opened: Open) -> None:
    shop = await opened(ONE)
    hold = await shop.hold("09:00")
    await shop.app.holds.release_hold(None, hold.hold.token)
    with pytest.raises(HoldExpired, match="released"):
        await shop.book_hold(hold)


async def test_a_token_is_valid_in_its_own_project_only(opened: Open) -> None:
    shop = await opened(ONE)
    hold = await shop.hold("09:00")
    await shop.app.projects.import_project(plan(technician("ana", "09:00-10:00"), id="other"), prune=False)
    assert not (await shop.app.holds.release_hold("other", hold.hold.token)).released
    assert await shop.offered(project_id="shop") == ""
    with pytest.raises(NotFound):
        await shop.app.holds.release_hold("nowhere", hold.hold.token)
