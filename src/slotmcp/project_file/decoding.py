"""From a file's bytes to its text, or a quick refusal."""

import re

from slotmcp.project_file.problems import Problem, ProjectFileError

MAX_BYTES = 4_000_000
"""About 20,000 bookings."""

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_MOST_REPORTED = 20


def decode(content: str | bytes, *, source: str) -> str:
    """The text of a file that is small enough, UTF-8 (with or without a mark) and not empty.

    Raises:
        ProjectFileError: it is not; or it holds control characters, each at its line.
    """
    refuse_large(len(content), source=source)
    text = _from_utf_8(content, source) if isinstance(content, bytes) else content
    problems = [_forbidden(text, match) for match in _first(_FORBIDDEN, text)]
    if problems:
        raise ProjectFileError(source, problems)
    return text


def refuse_large(size: int, *, source: str) -> None:
    """Refuse a file of more bytes than any project needs.

    Raises:
        ProjectFileError: it is larger.
    """
    if size > MAX_BYTES:
        sentence = (
            f"the file has {size / 1e6:,.1f} MB; a project file has at most {MAX_BYTES / 1e6:.0f} MB: "
            "leave out bookings and busy times that are over"
        )
        raise ProjectFileError(source, [Problem(1, 1, "", sentence)])


def _from_utf_8(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        seen = "it looks like UTF-16" if content.startswith(_UTF_16_MARKS) else "this byte is not UTF-8"
        problem = Problem(line, column, "", f"{seen}; save the file as UTF-8")
        raise ProjectFileError(source, [problem]) from None


def _first(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [match for match, _ in zip(pattern.finditer(text), range(_MOST_REPORTED), strict=False)]


def _forbidden(text: str, match: re.Match[str]) -> Problem:
    line, column = text.count("\n", 0, match.start()) + 1, match.start() - text.rfind("\n", 0, match.start())
    sentence = f"the control character U+{ord(match[0]):04X} cannot stand in a project file; remove it"
    return Problem(line, column, "", sentence)
