"""`python -m benchmarks.profiled FILE MODULE [ARGUMENTS]`: run a module, and profile it on demand.

SIGUSR1 starts the profile, and SIGUSR2 stops it. The counts of the main thread are written to the file. The module may
be that of an older revision, so only the standard library is used.
"""

import runpy
import signal
import sys
from cProfile import Profile
from pathlib import Path


def main() -> None:
    """Install the handlers, and run the module."""
    path, *command = sys.argv[1:]
    profile = Profile()

    def stop(*_signal: object) -> None:
        profile.disable()
        part = Path(f"{path}.part")
        profile.dump_stats(part)
        part.replace(path)  # the reader finds a complete file

    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    signal.signal(signal.SIGUSR2, stop)
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
