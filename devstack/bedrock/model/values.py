"""Recognise which kind of value a question asks for, a price, a time, a count, and what a text holds of it.

"How long does a refund take?" is answered by a sentence that holds a duration beside its subject. Numbers
of another kind, or about something else, answer nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from devstack.bedrock.search.text import content_stems, is_content, raw_words, stem, synonyms

_PERIOD = r"(?:milli)?(?:second|minute|hour|day|night|morning|week|month|year)"
_SMALL_NUMBER = r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"
_NUMBER = rf"(?:(?<![\w-])\d[\d.,]*(?:\s?[–-]\s?\d[\d.,]*)?|{_SMALL_NUMBER})"
_DAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekends?|weekdays?)"
_COUNTED_PERIOD = rf"{_NUMBER}[ -]?(?:(?:more|business|working|calendar|full) )*{_PERIOD}s?\b"
# A table names the period above the number.
_LENGTH = rf"(?:{_COUNTED_PERIOD}|\b{_PERIOD}s\)?: {_NUMBER})"
_UNIT = (
    r"(?:[kmgt]i?b|bytes?|[cmk]?m|inch(?:es)?|miles?|px|pixels?|[mk]?g|(?:kilo)?grams?|lbs?|pounds?|ounces?"
    r"|tonn?es?|[mc]?l|lit(?:er|re)s?|volts?|[kmg]?w|characters?|letters?|digits?|rows?|lines?|columns?|pages?"
    r"|%|percent|eur)(?!\w)"
)
_DISTANCE = r"(?:(?:milli|centi|kilo)?met(?:er|re)s?|[cmk]?m|inch(?:es)?|feet|foot|ft|yards?|miles?)\b"
"""How long a thing is, too."""
_WHEN = r"when (?=(?:is|are|am|was|do|does|did|will|would|can|could|must|should|shall|may|has|have)\b)"
_CODE_OF = r"^(?:(?:what(?:['’]?s| is)|is there) )?(?:(?:the|an?|any) )?(?:[\w-]+ ){0,2}"
_AT_ONCE = r"\b(?:(?:stops?|starts?|works?|effect) at once|immediately|instantly|by itself|as long as)\b"
_DURATION = (
    rf"{_LENGTH}|\bday \d+\b|\b(?:within|for|in|about|after|than|takes?|half) an? {_PERIOD}\b|{_AT_ONCE}"
)


class _Kind(NamedTuple):
    """How a kind of value is asked for, in lower case, and how it is written.

    `words` and `counted` in `asks` are what asks, where that is not all of it, and what is to be counted. A
    form is no value, but how an answer is put.
    """

    asks: re.Pattern[str]
    holds: re.Pattern[str]
    is_form: bool


def _kind(asks: str, holds: str, *, is_form: bool = False) -> _Kind:
    return _Kind(re.compile(asks), re.compile(holds, re.IGNORECASE), is_form)


_WHERE = r"›|\b(?:in|at|under|from) (?:\*\*|(?-i:[A-Z]))|\w\.\w+\.\w"
_KINDS = (
    # Where
    _kind(r"^(?:so |and |but )?where\b", _WHERE, is_form=True),
    # Which button
    _kind(
        r"\b(?:what|which) buttons?\b|\b(?:what|which) .*\b(?:press|click|tap)\b",
        r"\b(?:press|choose|click|tap|select|with) \*\*",
    ),
    # How often
    _kind(
        r"\bhow (?:often|frequently|many times)\b",
        rf"\b(?:once|twice|{_NUMBER} times|(?:every|each)(?: \w+)? (?:time|{_PERIOD})s?"
        rf"|hourly|daily|weekly|monthly|(?:an?|per) {_PERIOD})\b",
    ),
    # How long to wait
    _kind(
        r"\bhow (?:soon|quick|quickly|fast)\b|\bhow long\b(?=.* takes?\b)|\bhow much time\b",
        rf"(?<!\bfor )(?<!\bevery )(?:{_LENGTH})|\b(?:within|in|about|after|takes?|half) an? {_PERIOD}\b"
        rf"|{_AT_ONCE}",
    ),
    # For how long
    _kind(
        rf"\bhow (?:long|far back|old|many (?:\w+ )?{_PERIOD}s)\b|\buntil when\b",
        rf"{_DURATION}|{_NUMBER}\s?{_DISTANCE}",
    ),
    # When
    _kind(
        rf"\b(?:{_WHEN}|(?:what|which) (?:day|date|time|hour)s?|until what time|opening (?:hours|times))\b",
        rf"{_DURATION}|\d\d?[:.]\d\d\b|\b(?:{_DAY}|(?:business|working) days?)\b"
        r"|\b(?:end|start|beginning|day) (?:of|after)\b",
    ),
    # On a weekday
    _kind(rf"\b(?:on|at) (?:the )?{_DAY}\b", rf"\b{_DAY}\b"),
    # How many
    _kind(r"\b(?:how many|number of)(?P<counted>(?: [\w-]+){1,3})", rf"{_NUMBER}|\b(?:unlimited|once)\b"),
    # How big
    _kind(
        r"\bhow (?:big|large|far|heavy|wide|high)\b|\b(?:weigh|weighs|weight)\b",
        rf"{_NUMBER}\s?{_UNIT}|\b{_UNIT}\)?: {_NUMBER}",
    ),
    # For what price
    _kind(
        r"\bhow (?:much(?= (?:is|are|does|did|will|would|for|to|an?|the|my|it|do you)\b|\W*$)|expensive)\b"
        r"|\bcosts?\b|\bcharges?\b"
        r"|^(?!(?:is|are|do|does|can|why|who|where)\b).*\b(?P<words>prices?|pricing|fees?)\b",
        r"[€$£¥]\s?\d|\d\s?(?:€|EUR|USD|GBP|CHF|%)|\bfree\b(?! trial)|\b(?:no|without) (?:fee|charge|cost)\b"
        # A table names the currency, or that it is a price, above the number.
        r"|(?:\b(?:price|fee|cost)s?\b[\w ()]{0,30}|\b(?:EUR|USD|GBP|CHF)\)?|[€$£¥]\)?): \d",
    ),
    # How much of something else than money
    _kind(r"\bhow much\b", rf"{_NUMBER}\s?{_UNIT}|[€$£¥]\s?\d|{_LENGTH}|\b(?:unlimited|nothing)\b"),
    # Up to which number
    _kind(r"\b(?:limit|maximum|max|minimum|min|at (?:most|least)|from which)\b", rf"{_NUMBER}|\bunlimited\b"),
    # Which code
    _kind(rf"{_CODE_OF}(?P<words>codes?)(?: for\b.*)?\W*$", r"\b(?:\w*codes?|pins?|vouchers?|coupons?)\b"),
    # In which languages
    _kind(
        r"\b(?:what|which|how many) languages?\b",
        r"\b(?:English|German|French|Spanish|Italian|Dutch|Polish|Portuguese|Japanese|Chinese)\b",
    ),
    # Who
    _kind(
        r"\bwho(?: can| may| is| has)\b",
        r"\b(?:owners?|admin(?:istrator)?s?|managers?|members?|every(?:one|body)|any(?:one|body)|nobody"
        r"|users?|customers?|roles?|colleagues?|employees?|accountants?)\b",
    ),
    # Is it needed
    _kind(
        r"\b(?:do|does) \w+ (?:have|need)\b|\bmust (?:i|we)\b|^(?:is|are) .*(?:required|needed|mandatory)\b",
        r"\b(?:needs?|must|required?|have to|has to|necessary|without|no|not|only)\b",
        is_form=True,
    ),
    # Is it possible
    _kind(
        r"^(?:so |and |but )?(?:can|could|may|am|is it)\b",
        r"\b(?:can|cannot|may|must|possible|allowed|only|never|nobody|neither|not)\b|n['’]t\b",
        is_form=True,
    ),
    # What is in it
    _kind(
        r"\b(?:included|contained)\b|\bwhat(?:['’]?s| is) in\b|\bwhat does .* (?:include|contain)\b",
        r"\b(?:with|without|includ\w+|contain\w*)\b",
        is_form=True,
    ),
    # Where, after all else
    _kind(r"\bwhere\b", _WHERE, is_form=True),
)
"""The first that a question asks for counts."""
_EXACT = re.compile(
    r"\bhow (?:often|frequently|long|soon|quick|quickly|fast|many|much|big|large|far|heavy|wide|high|old)\b"
    r"|^(?:and )?(?:when|(?:until )?(?:what|which) (?:day|time))\b|\bhow expensive\b"
    rf"|{_CODE_OF}codes?(?: for\b.*)?\W*$"
    r"|\b(?:cost|price)s? of\b|\bwhat does .* cost\b"
    r"|\bwhat(?:['’]?s| is| are) the (?:\w+ )?(?:costs?|price|fee)\b"
)
_AROUND = 60
_MOST_WORDS_TO_COUNTED = 3


@dataclass(frozen=True)
class Wanted:
    """The kind of value that a question asks for; `words` ask for it, `counted` are what is to be counted.

    Where `is_exact`, only such a value is an answer.
    """

    kind: _Kind
    words: frozenset[str]
    counted: frozenset[str]
    is_exact: bool

    def around(self, text: str, *, is_row: bool) -> Iterator[str]:
        """Yield what stands around each such value of a text; a row says in its names what it counts."""
        for found in self.kind.holds.finditer(text):
            told = text if is_row else text[found.end() : found.end() + _AROUND]
            if not self.counted or _says_any(self.counted, told, None if is_row else _MOST_WORDS_TO_COUNTED):
                yield text if is_row else text[max(0, found.start() - _AROUND) : found.end() + _AROUND]


@lru_cache(maxsize=256)
def wanted(question: str) -> Wanted | None:
    """Return the kind of value that a question asks for, if it asks for any."""
    asked = " ".join(question.casefold().split())
    for kind in _KINDS:
        if found := kind.asks.search(asked):
            return _wanted(kind, found, is_exact=not kind.is_form and len(_EXACT.findall(asked)) == 1)
    return None


def _wanted(kind: _Kind, found: re.Match[str], *, is_exact: bool) -> Wanted:
    groups = found.groupdict()
    after = raw_words(groups.get("counted") or "")
    counted = frozenset(map(stem, takewhile(is_content, after)))
    words = frozenset(raw_words(groups.get("words") or found[0])) - frozenset(after)
    return Wanted(kind, words, counted, is_exact)


def _says_any(things: frozenset[str], text: str, most_words: int | None) -> bool:
    said = frozenset(content_stems(" ".join(raw_words(text)[:most_words])))
    return any(said & (synonyms(thing) | {thing}) for thing in things)
