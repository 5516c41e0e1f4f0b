"""Debian's Prometheus with the examples' configuration, but a test's target and interval."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from support.free_port import free_port
from support.until import TIMEOUT_SECONDS, until

OBSERVABILITY: Final = Path(__file__).parents[2] / "examples" / "observability"


class Prometheus:
    """Server that scrapes once a second."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=f"{url}/api/v1", timeout=TIMEOUT_SECONDS)

    def query(self, expression: str) -> list[Any]:
        """Return the samples of an expression."""
        answer = self._client.get("/query", params={"query": expression}).json()
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        samples: list[Any] = answer["data"]["result"]
        return samples

    def value(self, expression: str) -> float:
        """Return the value of the only sample; 0 without a sample."""
        samples = self.query(expression)
        return float(samples[0]["value"][1]) if samples else 0.0

    def get(self, path: str) -> Any:  # noqa: ANN401  the API's JSON
        """Return the data at a path of the API."""
        return self._client.get(path).json()["data"]

    def close(self) -> None:
        """Close the client."""
        self._client.close()


@contextmanager
def scraping(folder: Path, url: str, key: str) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes the slotmcp at a URL with a key, until the block ends."""
    port = free_port()
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
    """Write the examples' configuration for a server and its key into a folder; return the file."""
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


def promtool(*arguments: str, folder: Path = OBSERVABILITY, input_text: str | None = None) -> str:
    """Return the output of promtool, which must succeed."""
    done = subprocess.run(  # noqa: S603  Debian's
        ["promtool", *arguments],  # noqa: S607
        cwd=folder,
        input=input_text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def _is_ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/-/ready").status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False
