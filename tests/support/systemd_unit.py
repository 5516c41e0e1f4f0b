"""Parts of systemd: the shipped unit's commands with its environment, credentials, notification and signals."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

UNIT: Final = Path(__file__).parents[2] / "deploy" / "slotmcp@.service"
BIN: Final = Path(sys.executable).parent
INSTALLED_BIN: Final = "/opt/slotmcp/bin"


def values(key: str) -> list[str]:
    """Return a key's values in the unit, in order."""
    lines = [line.partition("=") for line in UNIT.read_text("utf-8").splitlines()]
    return [value for name, _, value in lines if name == key]


def value(key: str) -> str:
    """Return the only value of a key in the unit."""
    (only,) = values(key)
    return only


class Service:
    """Instance of the unit, with a folder in place of the system's directories."""

    def __init__(self, folder: Path, instance: str, *, config: str, speed: int) -> None:
        """Create the instance with a config file. Commands after the start sleep a fraction, 1/`speed`."""
        self._speed = speed
        self._specifiers = {"%i": instance, "%d": str(folder / f"credentials-{instance}"), "%S": str(folder)}
        self._notify_path = folder / f"notify-{instance}"
        self._process: subprocess.Popen[bytes] | None = None
        (name, _, source) = value("LoadCredential").partition(":")
        assert source == "/etc/slotmcp/config.toml"
        credentials = Path(self._specifiers["%d"])
        credentials.mkdir()
        (credentials / name).write_text(config, "utf-8")

    def start(self) -> None:
        """Run ExecStart, wait for its notification, and run ExecStartPost."""
        assert value("Type") == "notify"
        self._notify_path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self._notify_path))
            manager.settimeout(float(value("TimeoutStartSec")))
            command, environment = self._words("ExecStart"), self._environment()
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603  the unit's
            assert manager.recv(1000) == b"READY=1"
        self._run_after_start()

    def signal_stop(self) -> None:
        """Send the signal that stops the main process."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Return the exit code of the main process, which ends in time."""
        assert self._process is not None
        return self._process.wait(float(value("TimeoutStopSec")))

    def close(self) -> None:
        """Kill the main process if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _words(self, key: str) -> list[str]:
        return shlex.split(self._expand(value(key)).replace(INSTALLED_BIN, str(BIN)))

    def _expand(self, text: str) -> str:
        for specifier, expansion in self._specifiers.items():
            text = text.replace(specifier, expansion)
        assert "%" not in text
        return text

    def _environment(self) -> dict[str, str]:
        assignments = [self._expand(line).partition("=") for line in values("Environment")]
        named = {name: setting for name, _, setting in assignments}
        return {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": str(self._notify_path), **named}

    def _run_after_start(self) -> None:
        (program, seconds) = self._words("ExecStartPost")
        command = [program, str(float(seconds) / self._speed)]
        subprocess.run(command, timeout=60, check=True)  # noqa: S603  the unit's
