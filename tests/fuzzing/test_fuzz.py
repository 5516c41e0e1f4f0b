"""Short runs of the fuzzers: no input causes a failure or a growth of the server's memory."""

import asyncio
import json
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from fuzzing.connections import ConnectionFuzzer
from fuzzing.inputs import STEPS, Step
from fuzzing.judge import faults
from fuzzing.memory import Memory, Placeholder
from fuzzing.progress import Progress
from fuzzing.rounds import Fuzzer
from fuzzing.scripts import Script, scripts_of
from fuzzing.stalls import watching
from fuzzing.target import Target, running_target
from fuzzing.wire import Response
from support.http_server import START_SECONDS
from support.processor import cpu_ms

GROWTH_MIB = 64
LONGEST_SECONDS = 10
SPIN_MS = 100
KINDS = {"invalid", "random bytes", "interleaved", "pipelined", "huge", "costly JSON", "slow", "unread"}


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


async def test_no_bytes_cause_a_failure_or_memory_growth(target: Target) -> None:
    fuzzer, memory_mib = ConnectionFuzzer(target.port), []
    for number in range(2):
        scripts = [script for script in scripts_of(number, target.keys, 50) if script.seconds <= LONGEST_SECONDS]
        await fuzzer.run_round(number, iter(scripts))
        await fuzzer.finish()
        memory_mib.append(target.memory_mib())
    assert fuzzer.faults == []
    assert memory_mib[1] < memory_mib[0] + GROWTH_MIB
    await asyncio.to_thread(Fuzzer(target).check_server)
    assert {"invalid: 400", "huge: 431", "interleaved: 200", "costly JSON: 400"} <= set(fuzzer.endings)


def test_a_round_is_determined_by_its_number() -> None:
    keys = {"operator": "o", "caller": "c"}
    first, again, other = (summary_of(scripts_of(number, keys, 20)) for number in (7, 7, 8))
    assert first == again
    assert first != other
    assert {script.kind for number in range(8) for script in scripts_of(number, keys, 50)} == KINDS


def summary_of(scripts: Iterator[Script]) -> list[tuple[object, ...]]:
    return [(script.kind, script.seconds, script.reads, next(script.actions())) for script in scripts]


async def test_a_server_error_and_a_stack_trace_are_detected() -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 500 Error\r\n\r\nTraceback")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(broken, "127.0.0.1", 0)
    async with server:
        fuzzer = ConnectionFuzzer(server.sockets[0].getsockname()[1])
        await fuzzer.run_round(3, iter([Script(kind="invalid", actions=lambda: iter([b"x"]))]))
        await fuzzer.finish()
    assert fuzzer.faults == [
        "round 3, script 0 (invalid): status 500",
        "round 3, script 0 (invalid): exposes internals: b'Traceback'",
    ]
    assert fuzzer.endings == {"invalid: 200": 1, "invalid: 500": 1}


def test_a_stall_is_measured_by_the_processor_time_of_the_server() -> None:
    asked, idle = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_slowly, args=(listener, asked, idle), daemon=True).start()
        with watching(listener.getsockname()[1], os.getpid()) as watch:
            assert asked.wait(START_SECONDS)
            use_processor()
            idle.set()
            stall = watch.longest()
            while not stall.wall_ms:
                stall = watch.longest()
    assert stall.length_ms == min(stall.wall_ms, stall.cpu_ms)
    assert stall.length_ms >= SPIN_MS / 2


def answer_slowly(listener: socket.socket, asked: threading.Event, idle: threading.Event) -> None:
    """Answer requests once the main thread is idle."""
    connection, _ = listener.accept()
    with connection:
        while connection.recv(4096):
            asked.set()
            idle.wait()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def use_processor() -> None:
    """Keep this thread busy for a while."""
    began = cpu_ms(os.getpid())
    while cpu_ms(os.getpid()) < began + SPIN_MS:
        pass


def test_a_run_is_resumed_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    progress = Progress.load(path)
    progress.rounds, progress.seconds, progress.parts = 4, 61.5, 1
    progress.counts.update({"invalid: 400": 3})
    progress.note_stall(12.5)
    progress.save(path)
    assert json.loads(path.read_text())["rounds"] == 4
    resumed = Progress.load(path)
    assert resumed == progress
    assert isinstance(resumed.counts, Counter)
    resumed.rounds = 5
    resumed.note_stall(3)
    assert (resumed.longest_stall_ms, resumed.stalled_round) == (12.5, 4)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]
