"""Debian's Caddy with the shipped Caddyfile, but a test's ports and shorter intervals."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from support.until import is_open, until

CADDYFILE: Final = Path(__file__).parents[2] / "deploy" / "Caddyfile"
SECOND: Final = 1_000_000_000
"""Caddy's durations are in nanoseconds."""


def shipped_config() -> dict[str, Any]:
    """Return the Caddyfile as Caddy's JSON."""
    command = ["caddy", "adapt", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603  Debian's
    config: dict[str, Any] = json.loads(done.stdout)
    return config


def reverse_proxies(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration of the proxies for SSE and for everything else."""
    (route,) = config["apps"]["http"]["servers"]["srv0"]["routes"]
    (site,) = route["handle"]
    handlers = [handler for part in site["routes"] for handler in part["handle"]]
    sse, calls = (handler for handler in handlers if handler["handler"] == "reverse_proxy")
    return sse, calls


def upstreams(proxy: Mapping[str, Any]) -> list[str]:
    """Return the addresses of a proxy's servers."""
    return [upstream["dial"] for upstream in proxy["upstreams"]]


@contextmanager
def proxying_with_caddy(folder: Path, port: int, ports: Mapping[int, int], *, speed: int) -> Iterator[str]:
    """Run the proxy on a port until the block ends; yield its URL.

    `ports` replaces the ports of the servers. Health checks are `speed` times as frequent.
    """
    config = shipped_config()
    sse, calls = reverse_proxies(config)
    for upstream in [*sse["upstreams"], *calls["upstreams"]]:
        host, _, shipped_port = upstream["dial"].rpartition(":")
        upstream["dial"] = f"{host}:{ports[int(shipped_port)]}"
    calls["health_checks"]["active"]["interval"] //= speed
    server = config["apps"]["http"]["servers"]["srv0"]
    server |= {"listen": [f"127.0.0.1:{port}"], "automatic_https": {"disable": True}}
    config |= {
        "admin": {"disabled": True},
        "storage": {"module": "file_system", "root": str(folder)},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
    }
    path = folder / "caddy.json"
    path.write_text(json.dumps(config), "utf-8")
    with subprocess.Popen(["caddy", "run", "--config", str(path)], env={"HOME": str(folder)}) as process:  # noqa: S603, S607  Debian's
        try:
            until(lambda: is_open(port), "Caddy listens")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
