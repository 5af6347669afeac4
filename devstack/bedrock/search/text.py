"""Turn text into the words that the index and the extractive model compare.

Which words are ignored, are written in several ways or mean the same is in `vocabulary.yaml`.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import snowballstemmer
import yaml

_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ`](?=\w)")
# The words of an address tell nothing about a subject.
_LINK_TARGETS = re.compile(r"(?<=\])\((?:https?://|mailto:|tel:)[^\s()]*\)", re.IGNORECASE)
# French and Italian articles: "l'abonnement" is found by "abonnement".
_ELISIONS = re.compile(r"\b(?:[cdjlmnst]|qu|un|(?:d|n)?[ae]ll|sull)['’](?=\w)", re.IGNORECASE)
# Scripts written without spaces are compared character by character.
UNSPACED_LETTERS = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_THOUSANDS = re.compile(r"(?<=\d)[,.](?=\d{3}(?!\d))")
# "E-101" is the code e101.
_HYPHEN_IN_CODE = re.compile(r"(?<![^\W_])([a-z]{1,3})[-–](?=\d)")
_WORD = re.compile(rf"[{UNSPACED_LETTERS}]|(?:(?![{UNSPACED_LETTERS}])[^\W_])+")
_LONGEST_WORD = 64
# Letters that Unicode doesn't take apart.
_UNDECOMPOSED = str.maketrans("łøđı", "lodi")
_BETWEEN = frozenset(
    ["it", "them", "me", "you", "this", "that", "something", "things", "a", "an", "the", "my", "your", "our"]
)


def raw_words(text: str) -> list[str]:
    """Return the words of a text: lower case, without accents or apostrophes, in order."""
    plain = folded(_APOSTROPHES.sub("", _ELISIONS.sub(" ", without_targets(text))))
    joined = _HYPHEN_IN_CODE.sub(r"\1", _THOUSANDS.sub("", plain))
    return [word[:_LONGEST_WORD] for word in _WORD.findall(joined)]


def without_targets(text: str) -> str:
    """Return Markdown without what its links lead to."""
    return _LINK_TARGETS.sub(" ", text)


def folded(text: str) -> str:
    """Return a text in lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_UNDECOMPOSED)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def joined_words(text: str) -> list[str]:
    """Return the words with phrases that are one word joined ("log in", "e-mail") and spellings unified."""
    words = raw_words(text)
    joined: list[str] = []
    position = 0
    while position < len(words):
        word, length = _phrase_at(words[position : position + _LONGEST_PHRASE + 1])
        joined.append(word)
        position += length
    return joined


def _phrase_at(words: Sequence[str]) -> tuple[str, int]:
    """Return the one word for the longest phrase that the words begin with, and how many words that is."""
    first, *after = words
    # "turn it off" is "turn off".
    between = 1 if after[1:] and after[0] in _BETWEEN else 0
    beginning = stem(_SPELLINGS.get(first, first))
    for skipped in sorted({0, between}):
        for end in range(len(after), skipped, -1):
            if phrase := _PHRASES.get((beginning, *after[skipped:end])):
                return phrase, 1 + end
    return _SPELLINGS.get(first, first), 1


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return the stem of one lower-case word; numbers and words of other scripts come back unchanged."""
    if len(word) < 3 or not word.isalpha():
        return word
    # One each time: a stemmer keeps its word in itself, so threads can't share it.
    return str(snowballstemmer.stemmer("porter").stemWord(word))


def content_stems(text: str) -> list[str]:
    """Return the stems of the words that carry a subject, in order, repetitions kept."""
    return [stem(word) for word in joined_words(text) if is_content(word)]


def is_content(word: str) -> bool:
    """Tell whether a word carries a subject: no stop word, no stray letter."""
    return word not in _STOP_WORDS and (len(word) > 1 or not word.isascii() or word.isdigit())


def is_filler(stemmed: str) -> bool:
    """Tell whether a stem belongs to asking ("need", "possible") and not to the subject."""
    return stemmed in _FILLER_STEMS


def synonyms(stemmed: str) -> frozenset[str]:
    """Return the stems that can stand for this one of a question in a help centre, itself not among them."""
    return _SYNONYMS.get(stemmed, frozenset())


def _synonym_table(groups: Iterable[str], meanings: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    table: defaultdict[str, set[str]] = defaultdict(set)
    for group in groups:
        stems = _stems(group.split())
        for member in stems:
            table[member] |= stems
    for meant, colloquial in meanings.items():
        for word in _stems(colloquial):
            table[word] |= _stems(meant.split())
    return {member: frozenset(others - {member}) for member, others in table.items()}


def _stems(words: Iterable[str]) -> set[str]:
    return {stem(_SPELLINGS.get(word, word)) for word in words}


_VOCABULARY = yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8"))
_STOP_WORDS = frozenset(_VOCABULARY["stop_words"].split())
_FILLER_STEMS = frozenset(map(stem, _VOCABULARY["filler_words"].split()))
ASKING_WORDS: tuple[str, ...] = tuple(f"{_VOCABULARY['stop_words']} {_VOCABULARY['filler_words']}".split())
"""Words that carry no subject, or little of one."""
_SPELLINGS = {other: word for word, others in _VOCABULARY["spellings"].items() for other in others}
_PHRASES = {
    (stem(_SPELLINGS.get(first, first)), *after): word
    for word, phrases in _VOCABULARY["phrases"].items()
    for first, *after in map(str.split, phrases)
}
_LONGEST_PHRASE = max(map(len, _PHRASES))
_SYNONYMS = _synonym_table(_VOCABULARY["synonyms"], _VOCABULARY["meanings"])
EVERYDAY_SUBJECTS: tuple[str, ...] = tuple(_VOCABULARY["everyday_subjects"])
"""What people ask anybody about; a help centre may be about some of it."""
EVERYDAY_WORDS: tuple[str, ...] = tuple(_VOCABULARY["everyday_words"].split())
"""What such subjects are about."""
SIMPLIFIED: Mapping[int, str] = {
    ord(traditional): simplified for traditional, simplified in _VOCABULARY["traditional_characters"].split()
}
"""For `str.translate`: Chinese characters as the glossary has them."""
