"""The comparison with peers, against a stand-in server on a local port."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.peers import EXAMPLE, ROUNDS, Comparison, main

seen: list[str] = []


class StandIn(BaseHTTPRequestHandler):
    """Server that grants holds, confirms them, and has slots at every request."""

    def do_GET(self) -> None:
        self._answer(b'{"slots": []}')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._answer(b'{"data": {"id": "b-7"}}', body.decode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of the base class
        pass

    def _answer(self, content: bytes, body: str = "") -> None:
        seen.append(f"{self.path} {body}".strip())
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", f"{len(content)}")
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def stand_in() -> Iterator[str]:
    seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_without_a_file_it_says_how_to_name_peers(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert "No peers are named" in (said := capsys.readouterr().out)
    assert EXAMPLE.name in said


def test_the_example_is_valid() -> None:
    names = [peer.name for peer in Comparison.model_validate_json(EXAMPLE.read_text("utf-8")).peers]
    assert names == ["slotmcp", "Floyd engine", "Cal.com", "django-appointment", "Easy!Appointments"]


def test_all_peers_of_the_file_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with stand_in() as url:
        hold = {"method": "POST", "url": f"{url}/hold", "body": {"at": "{start}", "of": "{item}"}, "keep": "data.id"}
        peers = [
            {
                "name": "first",
                "items": ["ann", "bob"],
                "week": [{"url": f"{url}/slots?on={{date}}&of={{item}}", "expect": "slots"}],
                "starts": [f"s{number}" for number in range(6)],
                "pair": [hold, {"method": "POST", "url": f"{url}/confirm/{{id}}"}],
            },
            {"name": "second", "week": [{"url": f"{url}/missing"}]},
        ]
        file = tmp_path / "peers.json"
        file.write_text(json.dumps({"first_date": f"{date(2026, 12, 30)}", "peers": peers}))
        main([f"{file}"])
    weeks = [path for path in seen if path.startswith("/slots")]
    assert len(weeks) == ROUNDS * 7 * 2
    assert {"/slots?on=2026-12-30&of=ann", "/slots?on=2027-01-05&of=bob"} <= set(weeks)
    assert sorted(path for path in seen if path.startswith("/hold")) == [
        f'/hold {{"at":"s{number}","of":"{"bob" if number % 2 else "ann"}"}}' for number in range(6)
    ]
    assert seen.count("/confirm/b-7") == 6
    said = capsys.readouterr().out
    assert "first" in said
    assert "404" in said
