"""Rounds of steps against a target, each answer judged, and what is left to say at the end."""

import re
import socket
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from fuzzing.inputs import Asked, Mangled, OverSse, Said, Step
from fuzzing.judge import content_of, faults
from fuzzing.memory import Memory
from fuzzing.target import Target
from fuzzing.wire import HOST, IMPATIENCE_SECONDS, PATIENCE_SECONDS, Answer, Request, exchange

BROKEN: Final = re.compile(r'^.*(?:outcome="internal"|status="5).* (?!0\.0$).*$', re.MULTILINE)
"""Of what the server's own counts may have none."""
LOG_TOLD: Final = 2_000
ENDPOINT: Final = re.compile(rb"data: (\S+)")


class Fuzzer:
    """Throws steps at a target, and remembers what came back."""

    def __init__(self, target: Target) -> None:
        self.answers: Counter[str] = Counter()
        self._target = target
        self._memory = Memory()

    def play(self, steps: Sequence[Step]) -> None:
        """Take steps one after another.

        Raises:
            AssertionError: one was answered as none may be.
        """
        for step in steps:
            self._take(step)

    def last_look(self) -> None:
        """Hold what the server has counted and logged to the same.

        Raises:
            AssertionError.
        """
        assert self._target.is_running()
        counted = self._ask(Request("GET", "/metrics", self._as_operator()))
        assert counted is not None
        assert counted.body.startswith(b"# HELP"), counted
        broken = BROKEN.findall(counted.body.decode())
        logged = "".join(line for line in self._target.log if "[warning" not in line)
        assert (broken, "Traceback" in logged) == ([], False), (
            broken,
            logged[max(0, logged.find("Traceback") - LOG_TOLD) :][: 3 * LOG_TOLD],
        )

    def _take(self, step: Step) -> None:
        if isinstance(step, OverSse):
            self._talk(step)
        elif isinstance(step, Mangled):
            raw = step.raw(self._memory, self._target.keys)
            self._judge(step, exchange(self._target.port, raw, patience_seconds=IMPATIENCE_SECONDS))
        else:
            self._whole(step)

    def _whole(self, step: Said | Asked) -> None:
        answer = self._ask(step.request(self._memory, self._target.keys))
        assert answer is not None, ("not answered", step)
        self._judge(step, answer)

    def _talk(self, step: OverSse) -> None:
        """Open a stream, and say something to whoever is behind it."""
        with socket.create_connection((HOST, self._target.port), timeout=PATIENCE_SECONDS) as stream:
            stream.sendall(bytes(Request("GET", "/sse", self._as_operator())))
            told = b""
            while not (found := ENDPOINT.search(told)):
                told += stream.recv(4096) or b"data: gone"
            self.answers["200 stream"] += told.startswith(b"HTTP/1.1 200")
            for message in step.messages:
                said = Said(message, "", "operator").request(self._memory, self._target.keys)
                posted = Request("POST", found[1].decode(), said.headers, said.body)
                self._judge(step, self._ask(posted))

    def _ask(self, request: Request) -> Answer | None:
        return exchange(self._target.port, bytes(request))

    def _as_operator(self) -> tuple[tuple[str, str], ...]:
        return (("Authorization", f"Bearer {self._target.keys['operator']}"),)

    def _judge(self, step: Step, answer: Answer | None) -> None:
        self.answers[_kind(answer)] += 1
        if answer is not None:
            assert faults(answer) == [], (step, answer)
            self._memory.learn(content_of(answer))


def _kind(answer: Answer | None) -> str:
    if answer is None:
        return "closed, or waiting for more"
    if answer.is_stream:
        return f"{answer.status} stream"
    return f"{answer.status} {_told(content_of(answer))}".strip()


def _told(content: Any) -> str:  # noqa: ANN401  any JSON
    """In a word, what a tool said."""
    if not isinstance(content, dict):
        return ""
    if not isinstance(result := content.get("result"), dict):
        return "error" if "error" in content else ""
    body = result.get("structuredContent") or {}
    return body["error"]["code"] if "error" in body else "result"
