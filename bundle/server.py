"""Entry point of the bundle for desktop clients: start `slotmcp stdio` as the bundle's settings say."""

import argparse
import os
import subprocess
import sys


def main() -> None:
    """Import the project file, if there is one, and serve."""
    settings = parse_settings()
    if settings.sample == "true":
        sys.exit(run("stdio", "--sample"))
    if settings.database:
        os.environ["SLOTMCP_DATABASE_URL"] = settings.database
    # stdout carries the protocol, so the report of the import goes to the client's log
    code = run("import", settings.project_file, stdout=sys.stderr) if settings.project_file else 0
    sys.exit(code or run("stdio"))


def parse_settings() -> argparse.Namespace:
    """Return the settings, which the client passes as options; empty: not set."""
    parser = argparse.ArgumentParser()
    for name in ("--sample", "--project-file", "--database"):
        parser.add_argument(name, default="")
    return parser.parse_args()


def run(*words: str, stdout: object = None) -> int:
    """Run a command of slotmcp, and return its exit code."""
    return subprocess.run([sys.executable, "-m", "slotmcp", *words], stdout=stdout, check=False).returncode


if __name__ == "__main__":
    main()
