"""The numbers and codes of a text, in one spelling, and those that a question is about.

An answer about error E-9999 or zone 58 must speak of just that: the neighbouring row is a wrong answer.
"""

import re
from itertools import pairwise

from devstack.bedrock.search.text import UNSPACED_LETTERS, content_stems, is_filler, stem

_LETTERS = rf"(?:(?![{UNSPACED_LETTERS}])[^\W_])+"
_TOKEN = re.compile(rf"{_LETTERS}(?:[-–./,:'’_]{_LETTERS})*|[{UNSPACED_LETTERS}]+|[^\w\s]")
_GROUPED = re.compile(r"\d{1,3}(?:([.,'’])\d{3})(?:\1\d{3})*(?:[.,]\d{1,2})?")
_NO_FRACTION = re.compile(r"[.,]0{1,2}$")
_SEPARATORS = re.compile(r"[-–./,:'’_]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CODE = re.compile(
    r"[^\W\d_]\w*[-–./]?\d\d|[^\W\d_]\w*[-–./]\d|0x[\da-f]+\Z|\d+[a-wyz]+\d|\d+[-–./](?-i:[A-Z])\d*\Z",
    re.IGNORECASE,
)
_VERSION = re.compile(r"v?\d+(?:\.\d+)+")
_LEAST_DOTS = 2
_NUMBERS_IN_ONE = re.compile(r"\d+(?:[-–/]\d+)+")
_LEAST_DIGITS_IN_ONE = 5
_NO_NAME = "I"
_UNIT = re.compile(r"[A-Z]{3}|%|[€$£]")
_LONGEST_UNIT = 3
_COUNTER = re.compile("[個个日天円元件人時时分秒週周月年回次台枚本点つ倍]|公斤|小时")
# What follows these is a customer's own number, which no article holds.
_OWN_NUMBERS = frozenset(
    map(
        stem,
        (
            "order", "invoice", "ticket", "case", "tracking", "parcel", "shipment", "customer", "account",
            "phone", "card", "number", "id", "reference", "bestellung", "rechnung", "commande", "facture",
            "pedido", "factura", "ordine", "fattura",
        ),
    )
)  # fmt: skip


def codes(text: str) -> frozenset[str]:
    """Return every number and code of a text, in each spelling that it may be asked for."""
    return frozenset(form for token in _TOKEN.findall(text) if _may_be_code(token) for form in _forms(token))


def asked_codes(question: str) -> list[frozenset[str]]:
    """Return the spellings of each number and code that the question is about.

    A code of letters and digits, or a number or letter that names what stands before it ("zone 47", "error
    422", "costs 12000", "size L"), but no quantity ("10 kg") and no number of an order.
    """
    tokens = ["", *_TOKEN.findall(question), ""]
    return [
        _forms(token)
        for (before, token), (_, after) in zip(pairwise(tokens), pairwise(tokens[1:]), strict=False)
        if _may_be_code(token) and _names_something(before, token, after)
    ]


def _names_something(before: str, token: str, after: str) -> bool:
    if stem(before.casefold()) in _OWN_NUMBERS or before in ("#", "№"):
        return False
    if _NUMBERS_IN_ONE.fullmatch(token):
        is_range = sum(map(str.isdecimal, token)) < _LEAST_DIGITS_IN_ONE
        return _tells(before) and not is_range and not _is_counted(after)
    if len(token) > 1 and not _NUMBER.fullmatch(token):
        return bool(_CODE.match(token))
    is_release = token.count(".") >= _LEAST_DOTS and not _GROUPED.fullmatch(token)
    return before.isalpha() and _tells(before) and (is_release or not _is_counted(after))


def _is_counted(word: str) -> bool:
    """Tell whether a word is what a number counts: a plural, a short unit, a currency."""
    counted = word.islower() and (word.endswith("s") or len(word) <= _LONGEST_UNIT) and _tells(word)
    return counted or bool(_UNIT.fullmatch(word) or _COUNTER.match(word))


def _tells(word: str) -> bool:
    return any(not is_filler(each) for each in content_stems(word))


def _forms(token: str) -> frozenset[str]:
    """Return 12000 for 12,000.00, 12.000,00 and 12000; e-1042, e1042 for E-1042; 1.10 for v1.10."""
    plain = token.casefold()
    forms = {plain, _SEPARATORS.sub("", plain)} if not _NUMBER.fullmatch(plain) else {plain}
    if _VERSION.fullmatch(plain):
        forms.add(plain.removeprefix("v"))
    if _GROUPED.fullmatch(plain) or _NO_FRACTION.search(plain):
        whole = _NO_FRACTION.sub("", plain)
        groups = _GROUPED.fullmatch(whole)
        forms.add(whole.replace(groups[1], "") if groups else whole)
    return frozenset(forms)


def _may_be_code(token: str) -> bool:
    is_letter = len(token) == 1 and "A" <= token <= "Z" and token != _NO_NAME
    return is_letter or any(letter.isdecimal() for letter in token)
