"""Ranking of texts by Okapi BM25, as clients with many tools search for the right one."""

import re
from collections import Counter
from collections.abc import Mapping
from math import log
from typing import Final

_K1: Final = 1.2
_B: Final = 0.75
_WORD: Final = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case. A name such as `get_slots` is two words."""
    return _WORD.findall(text.lower())


def rank(query: str, texts: Mapping[str, str]) -> list[str]:
    """Return the names of the texts, the best match for the query first.

    The formula is that of Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with the inverse
    document frequency of Lucene, which is never negative. Words are compared as they are: no stemming, no stop words.
    """
    counts = {name: Counter(words(text)) for name, text in texts.items()}
    average_length = sum(count.total() for count in counts.values()) / len(counts)
    frequencies = Counter(word for count in counts.values() for word in count)

    def score(name: str) -> float:
        count = counts[name]
        length_factor = _K1 * (1 - _B + _B * count.total() / average_length)
        return sum(
            log(1 + (len(counts) - frequencies[word] + 0.5) / (frequencies[word] + 0.5))
            * (count[word] * (_K1 + 1) / (count[word] + length_factor))
            for word in words(query)
        )

    return sorted(counts, key=score, reverse=True)
