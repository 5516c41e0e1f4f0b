"""A minute of what fuzz.py does at length: no input of any kind is a failure, or makes the server grow."""

from collections.abc import Iterator

import pytest
from hypothesis import given

from fuzzing.inputs import STEPS, Step
from fuzzing.judge import faults
from fuzzing.memory import Memory, Seen
from fuzzing.rounds import Fuzzer
from fuzzing.target import Target, running_target
from fuzzing.wire import Answer

GROWTH_MIB = 64


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running_target(tmp_path_factory.mktemp("fuzz")) as running:
        yield running


def test_nothing_that_is_sent_is_a_failure_or_makes_the_server_grow(target: Target) -> None:
    fuzzer = Fuzzer(target)

    @given(STEPS)
    def play(steps: list[Step]) -> None:
        fuzzer.play(steps)

    play()
    warm_mib = target.memory_mib()
    play()
    fuzzer.last_look()
    assert target.memory_mib() < warm_mib + GROWTH_MIB
    assert {"200 result", "400 error"} <= set(fuzzer.answers)


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "Internal error"}}',
        b'[{"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "Internal error"}}]',
        b'{"result": {"structuredContent": {"error": {"code": "internal"}}}}',
        b'{"error": "internal"}',
        b'Traceback (most recent call last):\n  File "x.py", line 1, in <module>',
        b'{"result": {"content": [{"text": "see https://errors.pydantic.dev/2.12/v/missing"}]}}',
    ],
)
def test_a_failure_is_seen(body: bytes) -> None:
    assert faults(Answer(200, body=body))


def test_a_status_of_its_own_making_is_seen() -> None:
    assert faults(Answer(500)) == ["status 500"]
    assert faults(Answer(404, body=b'{"error": "not_found"}')) == []


def test_what_was_seen_stands_in_for_its_place() -> None:
    memory = Memory()
    memory.learn({"slots": [{"start": "a"}, {"start": "b"}], "cursor": {"nextCursor": "c"}})
    said = {"start": Seen("start", 0), "more": [Seen("cursor", 5), Seen("start", 1), Seen("bookingId", 0)]}
    assert memory.fill(said) == {"start": "b", "more": ["c", "a", ""]}
