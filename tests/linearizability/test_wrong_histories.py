"""Each wrong behavior of a server is found, and the printed history contains only what shows it."""

from collections.abc import Callable

import pytest

from linearizability.history import AFTER_FAULTS
from linearizability.scene import ELEVEN, HOLD_MS, NOON, ONE, TEN, UNAVAILABLE, Scene, booking, refusal

EMPTY = {TEN: 2, ELEVEN: 2, NOON: 2, ONE: 2}


def two_bookings_of_one_technician(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ana")


def a_technician_without_the_skill(scene: Scene) -> None:
    scene.book("a", "ben", service="gas")


def three_holds_of_two_technicians(scene: Scene) -> None:
    for token in "hij":
        scene.hold(token)


def holds_whose_skills_do_not_match(scene: Scene) -> None:
    scene.hold("g", service="gas")
    scene.hold("h", service="gas")


def a_hold_is_lost(scene: Scene) -> None:
    scene.hold("h")
    scene.book("c", "", token="h", body=refusal("hold_expired"))  # noqa: S106  no secret


def a_hold_is_sold_to_another_caller(scene: Scene) -> None:
    scene.hold("h")
    scene.book("a", "ana")
    scene.book("b", "ben")


def a_hold_lives_on_after_its_release(scene: Scene) -> None:
    scene.hold("h")
    scene.release("h")
    scene.book("a", "ana", token="h")  # noqa: S106


def a_released_hold_still_takes_time(scene: Scene) -> None:
    scene.hold("h")
    scene.release("h")
    scene.look({**EMPTY, TEN: 1})


def a_hold_lives_on_after_its_expiry(scene: Scene) -> None:
    scene.hold("h")
    scene.now_ms += 2 * HOLD_MS
    scene.look({**EMPTY, TEN: 1})


def a_search_is_older_than_the_limit(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.now_ms += 1_500
    scene.look(EMPTY)


def two_searches_go_back_in_time(scene: Scene) -> None:
    scene.book("a", "ana", during=(0, 9_000))
    scene.look({**EMPTY, TEN: 1}, during=(100, 200))
    scene.look(EMPTY, during=(3_000, 3_100))


def a_retry_books_twice(scene: Scene) -> None:
    scene.book("a", "ana", who="kim")
    scene.book("b", "ben", who="kim", request=1)


def a_retry_is_refused_after_it_booked(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ben")
    scene.book("a", "", request=1, body=refusal())


def a_hold_is_booked_twice(scene: Scene) -> None:
    scene.hold("h")
    scene.book("a", "ana", token="h")  # noqa: S106
    scene.book("b", "ben", token="h")  # noqa: S106


def a_canceled_booking_returns(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.cancel("a", "ana")
    scene.find("a", booking("a", "ana", TEN))


def a_canceled_booking_still_takes_time(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ben")
    scene.cancel("a", "ana")
    scene.book("c", "", body=refusal())


def a_canceled_booking_moves(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.cancel("a", "ana")
    scene.move("a", "ana", NOON)


def a_move_loses_the_old_time_without_the_new_one(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.move("a", "ana", NOON)
    scene.book("b", "ana", NOON)


def a_refused_move_loses_the_old_time(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ana", NOON)
    scene.book("c", "ben", NOON)
    scene.move("a", "", NOON, body=refusal())
    scene.book("d", "ana")


def a_move_keeps_the_old_time(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.move("a", "ana", NOON)
    scene.look({**EMPTY, TEN: 1, NOON: 1})


def a_correction_is_lost(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.correct("a", "ana", "1 Main St")
    scene.correct("a", "ana", "1 Main St")


def a_free_start_is_refused(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "", body=refusal())


def a_taken_alternative_is_offered(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ben")
    scene.book("c", "", body=refusal("slot_unavailable", TEN))


def an_offer_is_sold_to_another_caller(scene: Scene) -> None:
    scene.free_time_while_one_waits()
    scene.join("w", "offered", replayed=True, token="t")  # noqa: S106
    scene.book("c", "ana")


def canceled_time_is_held_without_an_offer(scene: Scene) -> None:
    scene.free_time_while_one_waits()
    scene.book("c", "", body=refusal())


def an_offer_that_no_caller_sees_is_sold(scene: Scene) -> None:
    scene.free_time_while_one_waits()
    scene.offer("w", "t")
    scene.now_ms += HOLD_MS / 2
    scene.book("c", "ana")


def an_offer_that_no_caller_sees_lives_on(scene: Scene) -> None:
    scene.free_time_while_one_waits()
    scene.offer("w", "t")
    scene.now_ms += 2 * HOLD_MS
    scene.book("c", "", body=refusal())


def an_offer_is_made_before_its_time(scene: Scene) -> None:
    scene.free_time_while_one_waits()
    scene.book("c", "", body=refusal())
    scene.now_ms += HOLD_MS
    scene.join("w", "offered", replayed=True, token="t")  # noqa: S106


def an_entry_waits_for_an_available_start(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.join("w")


def one_unit_is_offered_to_two(scene: Scene) -> None:
    scene.book("a", "ana")
    scene.book("b", "ben")
    scene.join("w")
    scene.join("v")
    scene.cancel("a", "ana")
    scene.join("w", "offered", replayed=True, token="t")  # noqa: S106
    scene.join("v", "offered", replayed=True, token="u")  # noqa: S106


def a_call_fails(scene: Scene) -> None:
    scene.book("a", "", body={"error": {"code": "internal"}})


def a_call_books_that_promised_to_do_nothing(scene: Scene) -> None:
    scene.book("a", "ana", body=UNAVAILABLE)
    scene.book("a", "ana", request=1, replayed=True)


def a_call_takes_time_that_promised_to_do_nothing(scene: Scene) -> None:
    scene.hold("h", body=UNAVAILABLE)
    scene.look({**EMPTY, TEN: 1})


WRONG: list[tuple[Callable[[Scene], None], int]] = [
    (two_bookings_of_one_technician, 2),
    (a_technician_without_the_skill, 1),
    (three_holds_of_two_technicians, 3),
    (holds_whose_skills_do_not_match, 2),
    (a_hold_is_lost, 2),
    (a_hold_is_sold_to_another_caller, 3),
    (a_hold_lives_on_after_its_release, 2),
    (a_released_hold_still_takes_time, 2),
    (a_hold_lives_on_after_its_expiry, 3),
    (a_search_is_older_than_the_limit, 2),
    (two_searches_go_back_in_time, 2),
    (a_retry_books_twice, 2),
    (a_retry_is_refused_after_it_booked, 1),
    (a_hold_is_booked_twice, 2),
    (a_canceled_booking_returns, 2),
    (a_canceled_booking_still_takes_time, 2),
    (a_canceled_booking_moves, 2),
    (a_move_loses_the_old_time_without_the_new_one, 2),
    (a_refused_move_loses_the_old_time, 2),
    (a_move_keeps_the_old_time, 1),
    (a_correction_is_lost, 2),
    (a_free_start_is_refused, 1),
    (a_taken_alternative_is_offered, 3),
    (an_offer_is_sold_to_another_caller, 2),
    (canceled_time_is_held_without_an_offer, 2),
    (an_offer_that_no_caller_sees_is_sold, 2),
    (an_offer_that_no_caller_sees_lives_on, 3),
    (an_offer_is_made_before_its_time, 2),
    (an_entry_waits_for_an_available_start, 1),
    (one_unit_is_offered_to_two, 2),
    (a_call_fails, 1),
    (a_call_books_that_promised_to_do_nothing, 1),
    (a_call_takes_time_that_promised_to_do_nothing, 1),
]


@pytest.mark.parametrize(("happens", "shortest"), WRONG)
def test_a_wrong_history_is_found(happens: Callable[[Scene], None], shortest: int) -> None:
    scene = Scene()
    happens(scene)
    (violation,) = scene.report().violations
    assert len(violation.splitlines()) == shortest, violation


@pytest.mark.parametrize(("happens", "shortest"), WRONG)
def test_a_wrong_history_is_found_among_other_calls(happens: Callable[[Scene], None], shortest: int) -> None:
    scene = Scene()
    scene.book("x", "ana", ELEVEN)
    scene.hold("y", ELEVEN)
    happens(scene)
    scene.release("y")
    scene.cancel("x", "ana", ELEVEN)
    (violation,) = scene.report().violations
    assert len(violation.splitlines()) <= shortest + 2, violation


def test_a_search_beyond_the_limit_is_found_after_faults_too() -> None:
    scene = Scene()
    a_search_is_older_than_the_limit(scene)
    assert not scene.is_right(AFTER_FAULTS)


def test_a_violation_is_printed_with_its_times() -> None:
    scene = Scene()
    scene.book("x", "ben", ELEVEN)
    two_bookings_of_one_technician(scene)
    (text,) = scene.report().violations
    lines = [
        f"{begin} ..       {end} ms  book_slot serviceType=visit start=2024-10-04T10:00:00Z "
        f"idempotencyKey={id_}@example.com customerEmail={id_}@example.com -> bookingId={id_} status=confirmed "
        "technicianId=ana start=2024-10-04T10:00:00Z replayed=False"
        for begin, end, id_ in (("        0", "100", "a"), ("      200", "300", "b"))
    ]
    assert text.splitlines() == lines
