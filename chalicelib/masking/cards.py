"""Masks payment card numbers: they start like one, pass the Luhn check, and nothing calls them otherwise.

An IBAN is no card number and stays: support needs it for refunds, and nobody can pay with it.
"""

import re
from collections.abc import Sequence

from chalicelib.masking.words import BEING, CAMEL_CASE, CARDS, JOINED, NUMBERED, ORDERS, TOKEN
from chalicelib.masking.words import ORDERS_WHEN_NUMBERED as ACCOUNTS

MARK = "[card number]"
_SPACES = "".join(map(chr, range(0x2000, 0x200C)))
GAP_CHARS = f" \t\r\n\u00a0{_SPACES}\u202f\u205f\u2060\u3000\ufeff.·•_/–—‐‑‒−-"
"""What may stand between the digits of a card number; the hyphen is last, so this goes into a class."""
_GAP = rf"[{GAP_CHARS}]{{0,3}}"
CANDIDATE = re.compile(
    rf"""(?<![0-9A-Za-z_\u00aa-\u0dff+])(?<![0-9]\.)(?:(?<![0-9A-Za-z]-)|(?<=[Vv]isa-)|(?<=[Cc]ard-))\d
    (?: \d{{3}}(?P<a>{_GAP})\d{{4}}(?P=a)\d{{4}}(?P=a)\d{{4}}(?P<more>(?P=a)\d{{2,3}}(?!\d))?
      | \d{{3}}(?P<b>{_GAP})\d{{6}}(?P=b)\d{{4,5}} | (?P<c>{_GAP})\d(?:(?P=c)\d){{12,17}}
    )(?![0-9A-Za-z_\u00aa-\u0dff])(?![-.]\w)""",
    re.VERBOSE,
)
ISSUERS = re.compile(
    r"""4\d{15}(?:\d{3})?                                                     # Visa
    | (?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}         # Mastercard
    | 3[47]\d{13} | 3(?:0[0-5]|[689]\d)\d{11} | 35(?:2[89]|[3-8]\d)\d{12}      # American Express, Diners, JCB
    | (?:50\d\d|5[6-8]\d\d|60\d\d|6[2-57]\d\d|8[12]\d\d)\d{12}(?:\d{2,3})?     # Maestro, Discover, UnionPay
    | (?:220[0-4]|9792)\d{12}                                                 # Mir, Troy""",
    re.VERBOSE,
)
BEFORE_IN_LONGER = re.compile(r"(?:\d{4}|[A-Z]{2}\d\d)[ -]$")
REST_OF_LONGER = re.compile(r"[ -]\d{4}(?:[ -]?\d{1,4})?(?![ -]?\d)")
LETTER = re.compile(r"[^\W\d_]")
CLAUSE_END = re.compile(r"[.!?。！？]\s|\n")
PHRASE_END = re.compile(r"(?<!\bn[or])[.!?]\s|[,;]\s|[。！？，、；]|\n")
NUMBER_IN_NAME = re.compile(r"(?:number|numm?er|numero|nr)$")
SIGNS = frozenset(":=()[]\"'`*_<>«»【】「」/|→–—-.,;&+•")
LOOK_BACK_CHARS, LOOK_AHEAD_CHARS, LOOK_AHEAD_WORDS = 120, 60, 5


def mask_cards(text: str, folded: str, is_called_a_number: bool) -> str:
    """Return the text with card numbers as `[card number]`; `folded` is the text in lower case.

    What JSON calls a number of an order or the like stays where the text is nothing but numbers.
    """
    if is_called_a_number and not LETTER.search(text):
        return text
    # The word in a mark speaks of the card that it stands for alone.
    folded = folded.replace(MARK, "." * len(MARK))
    pieces, done, position = [], 0, 0
    while found := CANDIDATE.search(text, position):
        start, end = found.span()
        position = start + 1
        is_longer = start != done and BEFORE_IN_LONGER.search(text[max(0, start - 5) : start])
        if not _is_card(found[0]) and found["more"] and not found["more"][0].isdecimal():
            end = found.start("more")
        if is_longer or REST_OF_LONGER.match(text, end) or not _is_card(text[start:end]):
            continue
        if not _is_called_otherwise(folded, start, end):
            pieces += [text[done:start], MARK]
            done = position = end
    return "".join(pieces) + text[done:]


def is_called_a_number(name: str) -> bool:
    """Tell whether a name in JSON, such as `order_id` or `trackingNumber`, is one of an order or the like."""
    words = TOKEN.findall(CAMEL_CASE.sub(" ", name).lower())
    is_named = ORDERS.among(words) or (NUMBERED.among(words) and ACCOUNTS.among(words))
    return is_named and not CARDS.among(words)


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdecimal()]
    doubled = (d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits)))
    return ISSUERS.fullmatch("".join(map(str, digits))) is not None and sum(doubled) % 10 == 0


def _is_called_otherwise(folded: str, start: int, end: int) -> bool:
    """Tell whether the words around a number call it an order number or the like."""
    before = folded[max(0, start - LOOK_BACK_CHARS) : start].replace("s/n", "sn ")
    phrase = TOKEN.findall(PHRASE_END.split(before)[-1])
    if _ends_with_name(TOKEN.findall(before), CARDS.among(phrase)):
        return True
    clause = TOKEN.findall(CLAUSE_END.split(before)[-1])
    if CARDS.among(clause):
        return False
    if clause and clause[-1] in BEING and ORDERS.among(clause):
        return True
    return _begins_with_name(TOKEN.findall(folded[end : end + LOOK_AHEAD_CHARS])[:LOOK_AHEAD_WORDS])


def _ends_with_name(words: Sequence[str], tells_of_card: bool) -> bool:
    """Tell whether words end with a name and what links it to a number: "order no. ", "my invoice is: ".

    In a phrase that tells of a card, such as "card number for my order: ", the name must say "number" itself.
    """
    is_numbered = words[-1:] in (["#"], ["№"])
    for word in reversed(words):
        if word in ORDERS:
            if CARDS.last_place(word) > ORDERS.last_place(word):
                return False
            return not tells_of_card or is_numbered or word in NUMBERED or bool(NUMBER_IN_NAME.search(word))
        if is_numbered and word in ACCOUNTS:
            return True
        is_numbered = is_numbered or word in NUMBERED
        is_another_number = word.isdigit() and len(word) > 11
        if not (links(word) or is_another_number):
            break
    return words[-1:] in (["#"], ["№"])


def _begins_with_name(words: Sequence[str]) -> bool:
    """Tell whether words begin as in " is my order number" or " (Bestellnummer)"."""
    named = next((word for word in words if word in ORDERS or not links(word)), "")
    return named in ORDERS and words[0] not in ".,;-"


def links(word: str) -> bool:
    return word in SIGNS or word in NUMBERED or word in BEING or word in JOINED
