"""Leaves out of a text what tells whom it is about, so that others may read it.

Beyond what is known of a person it goes by the look of things, and takes rather too much than too little.
What everybody can read already, in the articles, stays.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.masking.cards import links
from chalicelib.masking.people import HONOURED, WITHOUT_SPACES, names_said, words_of_names
from chalicelib.masking.words import NUMBERED, ORDERS, TOKEN, fold

NAME, EMAIL, NUMBER, ADDRESS = "[name]", "[email]", "[number]", "[address]"
MARKS = (NAME, EMAIL, NUMBER, ADDRESS)
EMAILS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}\s?(?:@|\[at\]|\(at\))\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_NUMBERED_STREET = r"[,.]?[ ](?:n[º°.o]{1,2}[ ]?)?\d{1,4}[a-z]?(?:/\d{1,4})?(?!\w)"
_CAPITAL = r"(?-i:[A-ZÀ-ÞĀ-ŽА-Я])"
ADDRESSES = re.compile(
    rf"""(?<!\w)\d{{1,5}}[a-z]?,?[ ](?:[^\W\d_][\w'’.-]{{0,30}}[ ]){{1,3}}
        (?:street|st\.|road|rd\.?|avenue|ave\.?|lane|boulevard|blvd\.?
          |(?-i:Drive|Way|Court|Square|Place|Close|Terrace))
        (?!\w)
  | (?<!\w)[^\W\d_][\w.-]{{1,30}}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|straat|laan|plein
        |gracht|kade|vägen|gatan|gade|vej)[ ]\d{{1,4}}[ ]?[a-z]?(?!\w)
  | (?<!\w)\d{{1,4}},?[ ](?:bis[ ]|ter[ ])?(?:rue|avenue|av\.|boulevard|bd|chemin|allée|impasse|quai|route)[ ]
        [^\d\n,.;:!?]{{2,40}}
  | (?<!\w)(?:calle|c/|avenida|avda\.?|paseo|plaza|via|viale|piazza|corso|largo|rua|praça
        |ul\.|ulica|ulicy|al\.|aleja|os\.|ул\.|вул\.)[ ]?{_CAPITAL}[^\d\n,;:!?]{{1,40}}{_NUMBERED_STREET}
  | [\u3400-\u9fff]{{1,8}}(?:[省市区县都道府県路街])[\u3040-\u9fff]{{0,20}}
        [\d０-９]{{1,5}}(?:丁目|番地?|号|號|弄|[-－][\d０-９])
        [\u3400-\u9fff\d０-９-]{{0,20}}
  | (?<!\w)(?-i:[A-Z]{{1,2}}\d[A-Z\d]?[ ]?\d[A-Z]{{2}}|[A-Z]\d[A-Z][ ]\d[A-Z]\d)(?!\w)
  | (?<!\w)(?-i:\d{{4}}[ ]?[A-Z]{{2}},?[ ][A-Z][a-z]{{2,20}})""",
    re.VERBOSE | re.IGNORECASE,
)
GROUPED = re.compile(r"(?<![\w.,-])\+?(?:\d|\(\d{1,5}\))(?:[ /.\u00a0-]?(?:\d|\(\d{1,5}\))){6,25}(?!\w)")
"""Digits in groups: a phone number, an account, a card that was not told as one."""
CODE = re.compile(r"(?<![A-Za-z0-9_-])(?=[A-Za-z_-]{0,20}[0-9])[A-Za-z0-9][A-Za-z0-9_-]{1,80}")
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d\d(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?(?!\w)")
HARMLESS = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?: \d{1,2})?"
    r"|[1-9]\d{0,2}[., \u00a0]\d{3}|[1-9]\d{0,2}(?:[., \u00a0]\d{3}){1,2}[., \u00a0]000|[1-9]\d?0+"
)
"""A date, and a number as one counts: 10000, 1.200.000; in Spain, 612 345 678 is a phone."""
BIRTH = re.compile(
    r"(?<!\w)(?:born|birth(?:day|date)?|dob|geboren|geburts(?:tag|datum)|née?|naissance|nacid[oa]|nacimiento"
    r"|nascid[oa]|nascimento|nat[oa]|nascita|geboortedatum|urodzon[ya]|urodzenia|生年月日|الميلاد)"
    r"[\s:]{0,3}(?:is|on|am|op|ist|le|el|em|il|dnia|は|:)?\s{0,3}"
    r"(?P<date>\d{1,4}[-/. ]\d{1,2}[-/. ]\d{2,4})(?!\d)",
    re.IGNORECASE,
)
PRODUCTS = frozenset("item items model sku ean upc gtin isbn build version product part".split())  # noqa: SIM905
"""What is numbered and belongs to nobody."""
DIGITS_OF_A_PERSON, DIGITS_IF_NAMED, CHARS_OF_AN_ID = 5, 3, 8
_JOINED = r"[^\W_\u3040-\u9fff\uac00-\ud7af]"
"""What makes one word of it and its neighbour; scripts that write no spaces may touch any word."""
LOOK_BACK_CHARS, LOOK_BACK_WORDS = 60, 6
REPEATED = re.compile(r"(\[(?:name|email|number|address)\])(?:[ ,]{1,2}\1){1,20}")


@dataclass(frozen=True)
class Known:
    """What is known of whom a text is about: names, and what they alone have, such as ids and numbers."""

    names: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str | None], values: Iterable[object], texts: Iterable[str] = ()) -> "Known":
        """Return what a record and what was written say of people; what says nothing is left out."""
        said = {name for name in names if name} | names_said(texts)
        told = {str(value) for value in values if value is not None and len(str(value)) > 2}
        return cls(words_of_names(said), frozenset(told))


NOTHING = Known()


def without_person(text: str, known: Known = NOTHING, public: str = "") -> str:
    """Return a text with names, addresses and numbers of people as marks such as `[name]`.

    What the text itself says of names counts as known. What stands in `public` is nobody's.
    """
    public, names = fold(public), known.names | words_of_names(names_said([text]))
    text = _marked(text, known.values)

    def leave_out(mark: str, found: re.Match[str]) -> str:
        return found[0] if fold(found[0]).strip() in public else mark

    text = EMAILS.sub(lambda found: leave_out(EMAIL, found), text)
    text = ADDRESSES.sub(lambda found: leave_out(ADDRESS, found), text)
    text = IBAN.sub(lambda found: leave_out(NUMBER, found), text)
    text = BIRTH.sub(lambda found: found[0].removesuffix(found["date"]) + NUMBER, text)
    text = GROUPED.sub(
        lambda found: found[0] if HARMLESS.fullmatch(found[0]) else leave_out(NUMBER, found), text
    )
    text = CODE.sub(lambda found: leave_out(NUMBER, found) if _is_of_a_person(found) else found[0], text)
    text = HONOURED.sub(NAME, _marked(text, names))
    return REPEATED.sub(r"\1", text)


def _is_of_a_person(found: re.Match[str]) -> bool:
    """Tell whether a code is one that a single order, customer or account has."""
    code, digits = found[0], sum(map(str.isdigit, found[0]))
    if HARMLESS.fullmatch(code):
        return False
    is_mixed = len(code) >= CHARS_OF_AN_ID and digits >= DIGITS_IF_NAMED and not code.isdigit()
    if digits >= DIGITS_OF_A_PERSON or is_mixed:
        return True
    before = fold(found.string[max(0, found.start() - LOOK_BACK_CHARS) : found.start()])
    return (digits >= DIGITS_IF_NAMED or not code.isdigit()) and _ends_with_order(TOKEN.findall(before))


def _ends_with_order(words: list[str]) -> bool:
    for word in reversed(words[-LOOK_BACK_WORDS:]):
        if word in ORDERS:
            return word not in PRODUCTS
        if not (word in NUMBERED or links(word)):
            break
    return words[-1:] in (["#"], ["№"])


def _marked(text: str, known: Iterable[str]) -> str:
    """Return a text with what is known as marks, however it is written."""
    forms = frozenset(form for value in known for form in (value, _plain(value)))
    if not forms:
        return text
    return _any_of(forms).sub(lambda found: _mark_of(found[0]), text)


@lru_cache(maxsize=8)
def _any_of(forms: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(_as_pattern, longest_first)), re.IGNORECASE)


def _as_pattern(value: str) -> str:
    if WITHOUT_SPACES.search(value):
        return re.escape(value)
    spaced = r"\s+".join(map(re.escape, value.split()))
    return rf"(?<!{_JOINED}){spaced}(?!{_JOINED})"


def _mark_of(value: str) -> str:
    if "@" in value:
        return EMAIL
    return NUMBER if any(map(str.isdigit, value)) else NAME


def _plain(value: str) -> str:
    """Return a value without accents, as people type it."""
    parts = unicodedata.normalize("NFKD", value)
    return "".join(part for part in parts if not unicodedata.combining(part)) or value
