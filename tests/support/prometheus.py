"""A Prometheus of the tests' own: Debian's, configured as the examples have it, but for whom it asks and how often."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from support.until import PATIENCE_SECONDS, until

OBSERVABILITY: Final = Path(__file__).parents[2] / "examples" / "observability"


class Prometheus:
    """A server that scrapes, once a second."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=f"{url}/api/v1", timeout=PATIENCE_SECONDS)

    def ask(self, expression: str) -> list[Any]:
        """The samples of an expression, as the API tells them."""
        answer = self._client.get("/query", params={"query": expression}).json()
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        samples: list[Any] = answer["data"]["result"]
        return samples

    def value(self, expression: str) -> float:
        """The only sample's value; 0 where there is none."""
        samples = self.ask(expression)
        return float(samples[0]["value"][1]) if samples else 0.0

    def told(self, path: str) -> Any:  # noqa: ANN401  whatever the API says there
        """What the API says at a path."""
        return self._client.get(path).json()["data"]

    def close(self) -> None:
        """Ask no more."""
        self._client.close()


@contextmanager
def scraping(folder: Path, url: str, key: str) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the slotmcp at a URL with a key; ended at the end."""
    port = _free_port()
    options = {
        "config.file": str(configure(folder, url, key)),
        "storage.tsdb.path": str(folder / "data"),
        "web.listen-address": f"127.0.0.1:{port}",
        "log.level": "error",
    }
    with subprocess.Popen(["prometheus", *(f"--{name}={value}" for name, value in options.items())]) as process:  # noqa: S603, S607  Debian's
        prometheus = Prometheus(f"http://127.0.0.1:{port}")
        try:
            until(lambda: _is_ready(port), "Prometheus is ready")
            yield prometheus
        finally:
            prometheus.close()
            process.terminate()


def configure(folder: Path, url: str, key: str) -> Path:
    """The examples' configuration in a folder, for a server at a URL, with the key in a file beside it."""
    text = (OBSERVABILITY / "prometheus.yml").read_text("utf-8")
    (folder / "key").write_text(key, "utf-8")
    for rules in ("alerts.yml", "recording.yml"):
        (folder / rules).write_text((OBSERVABILITY / rules).read_text("utf-8"), "utf-8")
    for old, new in (
        (r"_interval: \w+", "_interval: 1s"),
        (r"credentials_file: .*", f"credentials_file: {folder / 'key'}"),
        (r"targets: .*", f'targets: ["{url.removeprefix("http://")}"]'),
    ):
        text, count = re.subn(old, new, text)
        assert count
    (folder / "prometheus.yml").write_text(text, "utf-8")
    return folder / "prometheus.yml"


def promtool(*words: str, folder: Path = OBSERVABILITY, given: str | None = None) -> str:
    """What promtool says; it must find nothing wrong."""
    done = subprocess.run(  # noqa: S603  Debian's
        ["promtool", *words],  # noqa: S607
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def _is_ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/-/ready").status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
