"""Rounds of steps against a server, with a check of each response and of the server at the end."""

import re
import socket
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from fuzzing.inputs import CorruptedRequest, HttpRequest, McpMessage, OverSse, Step
from fuzzing.judge import content_of, faults
from fuzzing.memory import Memory
from fuzzing.target import Target
from fuzzing.wire import HOST, INCOMPLETE_TIMEOUT_SECONDS, TIMEOUT_SECONDS, Request, Response, exchange

BROKEN: Final = re.compile(r'^.*(?:outcome="internal"|status="5(?!03)).* (?!0\.0$).*$', re.MULTILINE)
"""Metrics that must be zero."""
LOG_CHARACTERS: Final = 2_000
ENDPOINT: Final = re.compile(rb"data: (\S+)")


class Fuzzer:
    """Runs steps against a server, and counts the responses."""

    def __init__(self, target: Target) -> None:
        self.responses: Counter[str] = Counter()
        self._target = target
        self._memory = Memory()

    def play(self, steps: Sequence[Step]) -> None:
        """Run steps in order.

        Raises:
            AssertionError: a response has a fault.
        """
        for step in steps:
            self._run(step)

    def check_server(self) -> None:
        """Check the metrics and the log of the server.

        Raises:
            AssertionError.
        """
        assert self._target.is_running()
        metrics = self._ask(Request("GET", "/metrics", self._as_operator()))
        assert metrics is not None
        assert metrics.body.startswith(b"# HELP"), metrics
        broken = BROKEN.findall(metrics.body.decode())
        logged = "".join(line for line in self._target.log if "[warning" not in line)
        assert (broken, "Traceback" in logged) == ([], False), (
            broken,
            logged[max(0, logged.find("Traceback") - LOG_CHARACTERS) :][: 3 * LOG_CHARACTERS],
        )

    def _run(self, step: Step) -> None:
        if isinstance(step, OverSse):
            self._run_sse(step)
        elif isinstance(step, CorruptedRequest):
            raw = step.raw(self._memory, self._target.keys)
            self._check(step, exchange(self._target.port, raw, timeout_seconds=INCOMPLETE_TIMEOUT_SECONDS))
        else:
            self._run_valid(step)

    def _run_valid(self, step: McpMessage | HttpRequest) -> None:
        answer = self._ask(step.request(self._memory, self._target.keys))
        assert answer is not None, ("no response", step)
        self._check(step, answer)

    def _run_sse(self, step: OverSse) -> None:
        """Open a stream, and post messages to its endpoint."""
        with socket.create_connection((HOST, self._target.port), timeout=TIMEOUT_SECONDS) as stream:
            stream.sendall(bytes(Request("GET", "/sse", self._as_operator())))
            received = b""
            while not (match := ENDPOINT.search(received)):
                received += stream.recv(4096) or b"data: gone"
            self.responses["200 stream"] += received.startswith(b"HTTP/1.1 200")
            for message in step.messages:
                request = McpMessage(message, "", "operator").request(self._memory, self._target.keys)
                posted = Request("POST", match[1].decode(), request.headers, request.body)
                self._check(step, self._ask(posted))

    def _ask(self, request: Request) -> Response | None:
        return exchange(self._target.port, bytes(request))

    def _as_operator(self) -> tuple[tuple[str, str], ...]:
        return (("Authorization", f"Bearer {self._target.keys['operator']}"),)

    def _check(self, step: Step, answer: Response | None) -> None:
        self.responses[_kind(answer)] += 1
        if answer is not None:
            assert faults(answer) == [], (step, answer)
            self._memory.learn(content_of(answer))


def _kind(answer: Response | None) -> str:
    if answer is None:
        return "closed, or waiting for more"
    if answer.is_stream:
        return f"{answer.status} stream"
    return f"{answer.status} {_summary(content_of(answer))}".strip()


def _summary(content: Any) -> str:  # noqa: ANN401  any JSON
    """Return "result", "error", or the code of a tool's error."""
    if not isinstance(content, dict):
        return ""
    if not isinstance(result := content.get("result"), dict):
        return "error" if "error" in content else ""
    body = result.get("structuredContent") or {}
    return body["error"]["code"] if "error" in body else "result"
