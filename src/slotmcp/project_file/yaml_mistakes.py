"""What a YAML reader complains about, in words that say what to do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError, StringMark

_AT_THE_START = {
    "found unexpected end of stream": "the text in quotes that begins here is not closed; add the closing quote",
    "<stream end>": "the bracket that begins here is not closed; add the closing one",
}
"""Mistakes that are best shown where the unfinished thing began."""

_AT_THE_MISTAKE = {
    r"'\t'": "a tab cannot stand here; indent with spaces",
    "mapping values are not allowed": (
        "a colon cannot stand here; put text that holds one in quotes, and indent keys of one group alike"
    ),
    "expected ',' or": "a comma is missing here, or the bracket that closes what begins on line {begun}",
    "cannot start any token": "text cannot begin with this character; put it in quotes",
    "unknown escape character": r"this escape is not known; write \\ for a backslash, or use single quotes",
    "expected <block end>": "this does not fit the lines above; indent keys of one group alike",
    "expected '<document start>'": "the file has ended before this; close no more brackets than are open",
}


def explain(error: "MarkedYAMLError") -> tuple["StringMark", str]:
    """Where to look, and what would be right."""
    said = str(error.problem)
    for words, sentence in _AT_THE_START.items():
        if words in said and error.context_mark is not None:
            return error.context_mark, sentence
    mark = error.problem_mark or error.context_mark
    for words, sentence in _AT_THE_MISTAKE.items():
        if words in said:
            return mark, sentence.format(begun=_begun(error))
    return mark, f"this is not YAML ({said}); compare it with the sample"


def _begun(error: "MarkedYAMLError") -> int:
    mark = error.context_mark or error.problem_mark
    return int(mark.line) + 1
