"""Histories of a correct server are accepted."""

from collections.abc import Callable

import pytest

from linearizability.history import AFTER_FAULTS, OFFER_MS
from linearizability.scene import ELEVEN, HOLD_MS, NOON, ONE, SHOP, TEN, UNAVAILABLE, Scene, booking, refusal

EMPTY = {TEN: 2, ELEVEN: 2, NOON: 2, ONE: 2}


def both_technicians_are_booked(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ben")
    scene.book("c", "", body=refusal("slot_unavailable", ELEVEN))
    scene.look({ELEVEN: 2, NOON: 2, ONE: 2})


def a_refusal_returns_before_the_booking_that_caused_it(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("c", "", during=(200, 300), body=refusal())
    scene.book("b", "ben", during=(200, 900))


def a_hold_is_booked(scene: Scene) -> None:
    scene.hold("h")
    scene.look({**EMPTY, TEN: 1})
    scene.book("a", "ben", token="h")  # noqa: S106  no secret
    scene.book("a", "ben", token="h", request=3, replayed=True)  # noqa: S106


def a_hold_moves_to_another_technician(scene: Scene) -> None:
    scene.hold("h")
    scene.book("g", "ana", service="gas")
    scene.book("a", "ben", token="h")  # noqa: S106


def a_lapsed_hold_is_revived(scene: Scene) -> None:
    scene.hold("h")
    scene.now_ms += 2 * HOLD_MS
    scene.look(EMPTY)
    scene.book("a", "ana", token="h")  # noqa: S106


def a_lapsed_hold_has_lost_its_time(scene: Scene) -> None:
    scene.hold("h")
    scene.now_ms += 2 * HOLD_MS
    scene.book("a", "ana")
    scene.book("b", "ben")
    scene.book("c", "", token="h", body=refusal("hold_expired"))  # noqa: S106


def a_released_hold_is_made_again_by_its_key(scene: Scene) -> None:
    scene.hold("h")
    scene.release("h")
    scene.release("h", released=False)
    scene.hold("i", request=1)


def a_lost_booking_took_effect(scene: Scene) -> None:
    scene.book("a", "ana", status=0)
    scene.book("b", "ben")
    scene.book("c", "", body=refusal())
    scene.book("a", "ana", request=1, replayed=True)


def a_lost_booking_took_no_effect(scene: Scene) -> None:
    scene.book("a", "ana", status=0)
    scene.look(EMPTY)
    scene.book("b", "ana")


def a_call_did_nothing_and_is_repeated(scene: Scene) -> None:
    scene.book("a", "ana", body=UNAVAILABLE)
    scene.look(EMPTY)
    scene.book("a", "ana", request=1)


def a_lost_hold_is_made_again_after_its_release(scene: Scene) -> None:
    scene.hold("h")
    scene.release("h")
    scene.hold("i", request=1, status=0)
    scene.hold("i", request=1, replayed=True)


def a_lost_hold_takes_a_unit(scene: Scene) -> None:
    scene.hold("h", status=0)
    scene.look({**EMPTY, TEN: 1})
    scene.book("b", "ana")
    scene.book("c", "", body=refusal())


def a_lost_booking_takes_any_technician(scene: Scene) -> None:
    scene.book("a", "?", status=0)
    scene.book("b", "ana")
    scene.book("c", "", body=refusal())


def a_lost_booking_has_moved_before_it_is_shown(scene: Scene) -> None:
    scene.book("b", "ben")
    scene.book("a", "ana", status=0)
    scene.book("c", "", body=refusal())
    scene.move("a", "ben", NOON)
    scene.book("a", "ana", request=2, body={**booking("a", "ben", NOON, status="rescheduled"), "replayed": True})


def a_lost_move_is_shown_after_another_move(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ana", NOON)
    scene.move("a", "ben", NOON, status=0)
    scene.book("c", "", NOON, body=refusal())
    scene.move("a", "ana", ONE)
    scene.move("a", "", NOON, request=3, body={**booking("a", "ana", ONE, status="rescheduled"), "replayed": True})


def a_booking_moves(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.move("a", "ben", NOON)
    scene.move("a", "ben", NOON, request=2, replayed=True)
    scene.look({**EMPTY, NOON: 1})
    scene.find("a", booking("a", "ben", NOON, status="rescheduled"))


def a_booking_cannot_move(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ana", NOON)
    scene.book("c", "ben", NOON)
    scene.move("a", "", NOON, body=refusal("slot_unavailable", ONE))
    scene.find("a", booking("a", "ana", TEN))


def a_booking_is_canceled_and_stays_so(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.cancel("a", "ana")
    scene.cancel("a", "ana")
    scene.book("a", "ana", request=1, replayed=True, stage="cancelled")
    scene.move("a", "", NOON, body=refusal("booking_closed"))
    scene.look(EMPTY)


def an_address_is_corrected(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.correct("a", "ana", "1 Main St")
    scene.correct("a", "ana", "1 Main St", replayed=True)
    scene.correct("a", "ana", "2 Oak St")


def freed_time_is_offered(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.join("w", body=refusal("slots_available"))
    scene.book("b", "ben")
    scene.join("w")
    scene.cancel("a", "ana")
    scene.book("c", "", body=refusal())
    scene.join("w", "offered", replayed=True, token="t")  # noqa: S106
    scene.book("d", "ana", token="t")  # noqa: S106
    scene.join("w", "booked", replayed=True)


def a_declined_offer_is_made_again(scene: Scene) -> None:
    scene.free_time_while_one_waits()
    scene.join("w", "offered", replayed=True, token="t")  # noqa: S106
    scene.release("t")
    scene.join("w", "offered", replayed=True, token="u")  # noqa: S106


def an_offer_that_no_caller_sees_takes_time_until_it_lapses(scene: Scene) -> None:
    scene.free_time_while_one_waits()
    scene.offer("w", "t")
    scene.now_ms += HOLD_MS / 2
    scene.book("c", "", body=refusal())
    scene.now_ms += HOLD_MS
    scene.book("c", "ana")
    scene.join("w", replayed=True)


def an_offer_lapses(scene: Scene) -> None:
    scene.free_time_while_one_waits()
    scene.join("w", "offered", replayed=True, token="t")  # noqa: S106
    scene.now_ms += 2 * OFFER_MS
    scene.book("c", "ana")
    scene.join("w", replayed=True)


RIGHT: list[Callable[[Scene], None]] = [
    both_technicians_are_booked,
    a_refusal_returns_before_the_booking_that_caused_it,
    a_hold_is_booked,
    a_hold_moves_to_another_technician,
    a_lapsed_hold_is_revived,
    a_lapsed_hold_has_lost_its_time,
    a_released_hold_is_made_again_by_its_key,
    a_lost_booking_took_effect,
    a_lost_booking_took_no_effect,
    a_call_did_nothing_and_is_repeated,
    a_lost_hold_is_made_again_after_its_release,
    a_lost_hold_takes_a_unit,
    a_lost_booking_takes_any_technician,
    a_lost_booking_has_moved_before_it_is_shown,
    a_lost_move_is_shown_after_another_move,
    a_booking_moves,
    a_booking_cannot_move,
    a_booking_is_canceled_and_stays_so,
    an_address_is_corrected,
    freed_time_is_offered,
    a_declined_offer_is_made_again,
    an_offer_that_no_caller_sees_takes_time_until_it_lapses,
    an_offer_lapses,
]


@pytest.mark.parametrize("happens", RIGHT)
def test_a_right_history_is_accepted(happens: Callable[[Scene], None]) -> None:
    scene = Scene()
    happens(scene)
    report = scene.report()
    assert report.violations == ()
    assert report.undecided == 0


def test_days_are_checked_apart_and_a_move_joins_them() -> None:
    scene = Scene()
    scene.book("a", "ana")
    scene.book("b", "ana", TEN + 1440)
    assert scene.report().operations == 2
    scene.move("a", "ben", TEN + 1440)
    scene.book("c", "", TEN + 1440, body=refusal())
    assert scene.is_right()


def test_availability_may_be_as_old_as_documented() -> None:
    scene = Scene()
    scene.book("a", "ana")
    scene.look(EMPTY, during=(900, 950))
    assert not scene.is_right()
    assert scene.is_right(AFTER_FAULTS)
    scene.look(EMPTY, during=(5_000, 5_100))
    assert not scene.is_right(AFTER_FAULTS)


def test_skills_are_matched_and_not_counted() -> None:
    scene = Scene()
    scene.hold("h")
    scene.hold("g", service="gas")
    scene.look({ELEVEN: 1, NOON: 1, ONE: 1}, service="gas")
    assert scene.is_right()
    assert list(SHOP.technicians) == ["ana", "ben"]
