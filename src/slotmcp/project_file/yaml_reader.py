"""The one place that reads YAML 1.2 (and so JSON): a flat stream of events, each with its mark.

Events come before anything is built of them, so that nesting and size are refused while reading.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeAlias

from slotmcp.project_file.problems import Problem, ProjectFileError
from slotmcp.project_file.yaml_mistakes import explain

if TYPE_CHECKING:
    from ruamel.yaml.error import StringMark

Scalar: TypeAlias = str | int | float | bool | None

_DIGITS_READ = 30
"""An integer with more digits is beyond every bound with these alone."""


@dataclass(frozen=True, slots=True)
class Position:
    """A position in the text. Both count from 1."""

    line: int
    column: int


class Kind(Enum):
    """What begins, or ends, at an event."""

    DOCUMENT = auto()
    LIST = auto()
    MAPPING = auto()
    END = auto()
    SCALAR = auto()
    ALIAS = auto()


@dataclass(frozen=True, slots=True)
class YamlEvent:
    """One step of reading. `text` is what a scalar's characters are, `value` what they mean."""

    kind: Kind
    mark: Position
    text: str = ""
    value: Scalar = None
    anchor: str | None = None
    tag: str | None = None
    """A tag that the file itself names."""


def read_events(text: str, *, source: str) -> Iterator[YamlEvent]:
    """The events of a text, as they are reached.

    Dates and times stay text, and `off` and `no` are text, as in YAML 1.2.

    Raises:
        ProjectFileError: the text stops being YAML; what came before was given.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415  takes 0.1 s, and a server that is started never reads YAML
    from ruamel.yaml.error import MarkedYAMLError  # noqa: PLC0415
    from ruamel.yaml.resolver import VersionedResolver  # noqa: PLC0415

    resolver = VersionedResolver(version="1.2")
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            kind = _KINDS.get(type(event).__name__)
            if kind is Kind.SCALAR:
                yield _scalar(event, resolver)
            elif kind is not None:
                yield YamlEvent(kind, _mark(event.start_mark), anchor=getattr(event, "anchor", None), tag=_tag(event))
    except MarkedYAMLError as error:
        at, sentence = explain(error)
        mark = _mark(at)
        raise ProjectFileError(source, [Problem(mark.line, mark.column, "", sentence)]) from None


_KINDS = {
    "DocumentStartEvent": Kind.DOCUMENT,
    "SequenceStartEvent": Kind.LIST,
    "MappingStartEvent": Kind.MAPPING,
    "SequenceEndEvent": Kind.END,
    "MappingEndEvent": Kind.END,
    "ScalarEvent": Kind.SCALAR,
    "AliasEvent": Kind.ALIAS,
}


def _mark(mark: "StringMark") -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _tag(event: Any) -> str | None:  # noqa: ANN401  ruamel's events have no common type with these
    tag: str | None = getattr(event, "tag", None)
    return tag and tag.replace("tag:yaml.org,2002:", "!!")


def _scalar(event: Any, resolver: Any) -> YamlEvent:  # noqa: ANN401
    text = _joined_surrogates(event.value)
    value = _value(text, resolver) if event.implicit[0] else text
    return YamlEvent(Kind.SCALAR, _mark(event.start_mark), text, value, event.anchor, _tag(event))


def _joined_surrogates(text: str) -> str:
    """JSON writes an emoji as two escapes; YAML reads them one by one. A lone one stays as it is."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _value(text: str, resolver: Any) -> Scalar:  # noqa: ANN401
    from ruamel.yaml.nodes import ScalarNode  # noqa: PLC0415

    kind = str(resolver.resolve(ScalarNode, text, (True, False))).rpartition(":")[2]
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


def _integer(text: str) -> int:
    digits = text.replace("_", "")[:_DIGITS_READ]
    based = digits.lstrip("+-").lower().startswith(("0x", "0o", "0b"))
    return int(digits, 0 if based else 10)
