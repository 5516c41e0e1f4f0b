"""Number of tokens of texts, by the tokenizer o200k of recent models."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

COUNT = Path(__file__).parents[1] / "tokens" / "count.js"


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Return the number of tokens of each text."""
    ended = subprocess.run(  # noqa: S603  a script of the tests
        ["node", COUNT],  # noqa: S607  the node of the PATH
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"run `make test`, which installs tests/tokens: {ended.stderr}"
    counts: list[int] = json.loads(ended.stdout)
    return counts
