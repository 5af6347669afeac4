"""Porter's stemmer (M. F. Porter, 1980), the one that SQLite's FTS5 calls `porter`.

The index stems words before it stores them, so that a question, an article and the extractive model
always agree on what the same word is.
"""

from functools import lru_cache
from itertools import pairwise

# Each table: ending -> replacement, longest endings first where they overlap.
_STEP_2 = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize", "logi": "log",
    "bli": "ble", "alli": "al", "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize", "ation": "ate",
    "ator": "ate", "alism": "al", "iveness": "ive", "fulness": "ful", "ousness": "ous", "aliti": "al",
    "iviti": "ive", "biliti": "ble",
}  # fmt: skip
_STEP_3 = {"icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": ""}
_STEP_4 = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize",
    "ion", "al", "er", "ic", "ou",
)  # fmt: skip


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return the stem of one lower-case word; words of other scripts come back unchanged."""
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    word = _step_1c(_step_1b(_step_1a(word)))
    word = _replace_ending(_replace_ending(word, _STEP_2), _STEP_3)
    return _step_5(_step_4(word))


def _is_consonant(word: str, position: int) -> bool:
    letter = word[position]
    if letter == "y":
        return position == 0 or not _is_consonant(word, position - 1)
    return letter not in "aeiou"


def _measure(word: str) -> int:
    """Return how often a consonant follows a vowel: Porter's m."""
    kinds = [_is_consonant(word, position) for position in range(len(word))]
    return sum(later and not earlier for earlier, later in pairwise(kinds))


def _has_vowel(word: str) -> bool:
    return any(not _is_consonant(word, position) for position in range(len(word)))


def _ends_short(word: str) -> bool:
    """Tell whether the word ends consonant-vowel-consonant, the last not w, x or y: Porter's *o."""
    return (
        len(word) > 2
        and _is_consonant(word, len(word) - 3)
        and not _is_consonant(word, len(word) - 2)
        and _is_consonant(word, len(word) - 1)
        and word[-1] not in "wxy"
    )


def _step_1a(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _step_1b(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        if word.endswith(ending) and _has_vowel(word[: -len(ending)]):
            return _tidy_after_1b(word[: -len(ending)])
    return word


def _tidy_after_1b(word: str) -> str:
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    doubled = len(word) > 1 and word[-1] == word[-2] and _is_consonant(word, len(word) - 1)
    if doubled and word[-1] not in "lsz":
        return word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_short(word) else word


def _step_1c(word: str) -> str:
    return word[:-1] + "i" if word.endswith("y") and _has_vowel(word[:-1]) else word


def _replace_ending(word: str, table: dict[str, str]) -> str:
    for ending, replacement in table.items():
        if word.endswith(ending):
            start = word[: -len(ending)]
            return start + replacement if _measure(start) > 0 else word
    return word


def _step_4(word: str) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            start = word[: -len(ending)]
            allowed = _measure(start) > 1 and (ending != "ion" or start.endswith(("s", "t")))
            return start if allowed else word
    return word


def _step_5(word: str) -> str:
    if word.endswith("e"):
        start = word[:-1]
        if _measure(start) > 1 or (_measure(start) == 1 and not _ends_short(start)):
            word = start
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word
