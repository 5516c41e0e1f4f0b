"""Reader of YAML 1.2, and so of JSON. It turns bytes into a flat stream of events with positions.

Because values are built from the events later, nesting and size can be limited while reading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from slotmcp.project_file.problems import Problem, ProjectFileError

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError, StringMark

Scalar: TypeAlias = str | int | float | bool | None

MAX_BYTES = 4_000_000
"""About 20,000 bookings."""

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_MAX_REPORTED = 20
_MAX_DIGITS = 30
"""Maximum number of digits read of an integer; so many already exceed every bound."""

_PROBLEMS_AT_THE_START = {
    "found unexpected end of stream": "the quoted text that starts here is not closed; add the closing quote",
    "<stream end>": "the bracket that opens here is not closed; add the closing bracket",
}
"""Sentences for reader messages that are reported at the start of the unfinished construct."""

_PROBLEMS = {
    r"'\t'": "tabs are not allowed here; indent with spaces",
    "mapping values are not allowed": (
        "a colon is not allowed here; quote text that contains one, and indent keys of one group alike"
    ),
    "expected ',' or": "a comma is missing here, or the bracket that closes the one on line {start_line}",
    "cannot start any token": "text cannot start with this character; quote it",
    "unknown escape character": r"this escape is unknown; write \\ for a backslash, or use single quotes",
    "expected <block end>": "this does not fit the lines above; indent keys of one group alike",
    "expected '<document start>'": "the file ended before this line; close only brackets that are open",
}


@dataclass(frozen=True, slots=True)
class Position:
    """Position in the text. Lines and columns count from 1."""

    line: int
    column: int


class Kind(Enum):
    """Kind of a YAML event."""

    DOCUMENT = auto()
    LIST = auto()
    MAPPING = auto()
    END = auto()
    SCALAR = auto()
    ALIAS = auto()


@dataclass(frozen=True, slots=True)
class YamlEvent:
    """One event of the reader."""

    kind: Kind
    mark: Position
    text: str = ""
    """Characters of a scalar."""
    value: Scalar = None
    """Value of a scalar."""
    anchor: str | None = None
    tag: str | None = None
    """Explicit tag in the file."""


def decode(content: str | bytes, *, source: str) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Raises:
        ProjectFileError: the file is too large, not UTF-8, or has control characters.
    """
    check_size(len(content), source=source)
    text = _from_utf_8(content, source) if isinstance(content, bytes) else content
    matches = [match for match, _ in zip(_FORBIDDEN.finditer(text), range(_MAX_REPORTED), strict=False)]
    if matches:
        raise ProjectFileError(source, [_forbidden(text, match) for match in matches])
    return text


def check_size(size: int, *, source: str) -> None:
    """Reject a file of more than `MAX_BYTES`.

    Raises:
        ProjectFileError: the file is too large.
    """
    if size > MAX_BYTES:
        sentence = (
            f"the file has {size / 1e6:,.1f} MB; a project file has at most {MAX_BYTES / 1e6:.0f} MB: "
            "import the bookings from a file of their own (--bookings), and leave out past busy times"
        )
        raise ProjectFileError(source, [Problem(1, 1, "", sentence)])


def read_events(text: str, *, source: str) -> Iterator[YamlEvent]:
    """Yield the events of a text while it is read.

    Dates and times stay text, and `off` and `no` are text, as in YAML 1.2.

    Raises:
        ProjectFileError: the text is not valid YAML; the events before the mistake were yielded.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415  takes 0.1 s, and a starting server never reads YAML
    from ruamel.yaml.error import MarkedYAMLError  # noqa: PLC0415

    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            kind = kind_of(event)
            if kind is Kind.SCALAR:
                yield _scalar(event)
            elif kind is not None:
                anchor = getattr(event, "anchor", None)
                yield YamlEvent(kind, _position(event.start_mark), anchor=anchor, tag=_tag(event))
    except MarkedYAMLError as error:
        mark, sentence = _explain(error)
        position = _position(mark)
        raise ProjectFileError(source, [Problem(position.line, position.column, "", sentence)]) from None


_KINDS = {
    "DocumentStartEvent": Kind.DOCUMENT,
    "SequenceStartEvent": Kind.LIST,
    "MappingStartEvent": Kind.MAPPING,
    "SequenceEndEvent": Kind.END,
    "MappingEndEvent": Kind.END,
    "ScalarEvent": Kind.SCALAR,
    "AliasEvent": Kind.ALIAS,
}


def kind_of(event: object) -> Kind | None:
    """Return the kind of an event of ruamel.yaml or of PyYAML; None for the kinds that are not needed."""
    return _KINDS.get(type(event).__name__)


def _from_utf_8(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        cause = "the file looks like UTF-16" if content.startswith(_UTF_16_MARKS) else "this byte is not UTF-8"
        problem = Problem(line, column, "", f"{cause}; save the file as UTF-8")
        raise ProjectFileError(source, [problem]) from None


def _forbidden(text: str, match: re.Match[str]) -> Problem:
    line, column = text.count("\n", 0, match.start()) + 1, match.start() - text.rfind("\n", 0, match.start())
    return Problem(line, column, "", f"the control character U+{ord(match[0]):04X} is not allowed; remove it")


def _position(mark: "StringMark") -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _tag(event: Any) -> str | None:  # noqa: ANN401  ruamel's events share no type with this attribute
    tag: str | None = getattr(event, "tag", None)
    return tag and tag.replace("tag:yaml.org,2002:", "!!")


def _scalar(event: Any) -> YamlEvent:  # noqa: ANN401
    text = _joined_surrogates(event.value)
    value = value_of(text) if event.implicit[0] else text
    return YamlEvent(Kind.SCALAR, _position(event.start_mark), text, value, event.anchor, _tag(event))


def _joined_surrogates(text: str) -> str:
    """Join surrogate pairs, which JSON escapes use for characters such as emoji. A lone surrogate stays as it is."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@lru_cache(maxsize=10_000)
def value_of(text: str) -> Scalar:
    """Return the value of unquoted text, as YAML 1.2 defines it."""
    from ruamel.yaml.nodes import ScalarNode  # noqa: PLC0415

    kind = str(_resolver().resolve(ScalarNode, text, (True, False))).rpartition(":")[2]
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return _integer(text)
        case "float":
            return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        case _:
            return text


@cache
def _resolver() -> Any:  # noqa: ANN401  ruamel's resolver is not typed
    from ruamel.yaml.resolver import VersionedResolver  # noqa: PLC0415

    return VersionedResolver(version="1.2")


def _integer(text: str) -> int:
    digits = text.replace("_", "")[:_MAX_DIGITS]
    has_base = digits.lstrip("+-").lower().startswith(("0x", "0o", "0b"))
    return int(digits, 0 if has_base else 10)


def _explain(error: "MarkedYAMLError") -> tuple["StringMark", str]:
    """Return the position to report, and a sentence that states the valid form."""
    reported = str(error.problem)
    for words, sentence in _PROBLEMS_AT_THE_START.items():
        if words in reported and error.context_mark is not None:
            return error.context_mark, sentence
    mark = error.problem_mark or error.context_mark
    start = error.context_mark or error.problem_mark
    for words, sentence in _PROBLEMS.items():
        if words in reported:
            return mark, sentence.format(start_line=int(start.line) + 1)
    return mark, f"this is not valid YAML ({reported}); compare it with the sample file"
