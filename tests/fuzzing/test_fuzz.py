"""Short run of the fuzzer: no input causes a failure or a growth of the server's memory."""

from collections.abc import Iterator

import pytest
from hypothesis import given

from fuzzing.inputs import STEPS, Step
from fuzzing.judge import faults
from fuzzing.memory import Memory, Placeholder
from fuzzing.rounds import Fuzzer
from fuzzing.target import Target, running_target
from fuzzing.wire import Response

GROWTH_MIB = 64


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running_target(tmp_path_factory.mktemp("fuzz")) as running:
        yield running


def test_no_input_causes_a_failure_or_memory_growth(target: Target) -> None:
    fuzzer = Fuzzer(target)

    @given(STEPS)
    def play(steps: list[Step]) -> None:
        fuzzer.play(steps)

    play()
    warm_mib = target.memory_mib()
    play()
    fuzzer.check_server()
    assert target.memory_mib() < warm_mib + GROWTH_MIB
    assert {"200 result", "400 error"} <= set(fuzzer.responses)


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
def test_a_fault_in_a_response_is_detected(body: bytes) -> None:
    assert faults(Response(200, body=body))


def test_a_server_error_status_is_detected() -> None:
    assert faults(Response(500)) == ["status 500"]
    assert faults(Response(404, body=b'{"error": "not_found"}')) == []


def test_placeholders_are_filled_with_remembered_values() -> None:
    memory = Memory()
    memory.learn({"slots": [{"start": "a"}, {"start": "b"}], "cursor": {"nextCursor": "c"}})
    message = {
        "start": Placeholder("start", 0),
        "more": [Placeholder("cursor", 5), Placeholder("start", 1), Placeholder("bookingId", 0)],
    }
    assert memory.fill(message) == {"start": "b", "more": ["c", "a", ""]}
