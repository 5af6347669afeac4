"""Recognises that a customer asks for a person, so that this does not depend on the model.

Meant to miss rather than to mistake: "how do I add a person to my team?" is an ordinary question. What counts
is what the customer says now and for themselves, clause by clause: no quotes, reports, other people's wishes.
The words of each language are a table; `python -m bench.person_requests` measures how well they do.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import zip_longest

from chalicelib.chat.reading.own_words import TABLES, own_words

UNSPACED = "ja and zh"
STRICT = "fillers"
"""Only a language whose table has these says which words may stand between a wish and what is wished."""
NEEDED = ("person", "staff", "whole", "alone")
MOST_WORDS = 60
"""A longer clause is read in parts."""
MOST_WORDS_BETWEEN = 4
MOST_WORDS_BEFORE_A_PERSON = 4
QUOTED = re.compile(
    r"\"[^\"]*\"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|「[^「」]*」|(?:(?<=\s)|^)[‘'][^‘’']*[’'](?=[\s.,;:!?]|$)"
)
CLAUSE_END = re.compile(
    r"([.,;:!?…。、，！？؟،؛()–—]+| - |\n\n+"
    r"|\b(?:but|because|aber|weil|mais|pero|porque|mas|perch[eé]|maar|omdat|ale|bo|но|потому что|але|ama"
    r"|لكن)\b)"
)
CONTRACTION = re.compile(r"['’](?=(?:t|d|m|ll|ve|re|s)\b)", re.IGNORECASE)
WORD = re.compile(r"\w+")
NOT_DECOMPOSED = str.maketrans("łøđı", "lodi")
HAS_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")

Span = tuple[int, int]
"""The words of a clause that an entry covers: the first, and the one behind the last."""


def asks_for_a_person(text: str) -> bool:
    """Tell whether the customer asks to speak with a person."""
    own = own_words(text)
    unquoted = QUOTED.sub(" ", own)
    # A wish in quotation marks and nothing else is a wish.
    said = unquoted if WORD.search(unquoted) else own
    clauses = _with_their_please([clause for clause in _own_clauses(said.casefold()) if clause.strip()])
    is_all = sum(not _says_only("alone_fillers", clause) for clause in clauses) <= 1
    return any(_asks(clause, is_all) for clause in clauses)


def _own_clauses(text: str) -> Iterator[str]:
    """Yield the clauses, without one that a colon announces as what somebody says: "The manual says: …"."""
    before, end = "", ""
    pieces = CLAUSE_END.split(text)
    for clause, next_end in zip_longest(pieces[::2], pieces[1::2], fillvalue=""):
        if not (":" in end and _reports(before)):
            yield clause
        before, end = clause, next_end


def _reports(clause: str) -> bool:
    words = plain_words(clause)
    return any(_Clause(words, roles).is_reported() for roles in _languages())


def _with_their_please(clauses: Sequence[str]) -> list[str]:
    """Return clauses, a "please" that a comma cuts off joined to what is asked for."""
    joined: list[str] = []
    for clause in clauses:
        if joined and _says_only("please", clause):
            joined[-1] += f" {clause}"
        else:
            joined.append(clause)
    return joined


def _says_only(role: str, clause: str) -> bool:
    words = plain_words(clause)
    return any(all(roles.says(role, [word]) for word in words) for roles in _languages()) if words else False


def _asks(clause: str, is_all: bool) -> bool:
    if HAS_UNSPACED.search(clause):
        return _asks_unspaced("".join(clause.split()))
    words = plain_words(clause)
    parts = [words[start : start + MOST_WORDS] for start in range(0, len(words), MOST_WORDS)]
    return any(
        _clause(part, roles).asks(is_all) for part in parts for roles in _languages() if roles.may_ask(part)
    )


def _asks_unspaced(clause: str) -> bool:
    said = {role: [e for e in entries if e in clause] for role, entries in _tables()[UNSPACED].items()}
    asks = said["whole"] or (said["people"] and said["asks"]) or clause in _tables()[UNSPACED]["people"]
    return bool(asks) and not said["no"]


@dataclass(frozen=True)
class _Roles:
    """The words of a language, by the part that they play, each by its first word."""

    exact: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]
    stems: Mapping[str, tuple[tuple[str, ...], ...]]

    @cached_property
    def telling(self) -> frozenset[str]:
        """The longest word of each entry, one of which a wish must hold."""
        tables = (self.exact.get(role, {}) for role in NEEDED)
        entries = (entry for table in tables for entries in table.values() for entry in entries)
        return frozenset(max(entry, key=len) for entry in entries)

    @cached_property
    def last_stems(self) -> tuple[str, ...]:
        return tuple(entry[-1] for role in NEEDED for entry in self.stems.get(role, ()))

    def has(self, role: str) -> bool:
        return bool(self.exact.get(role) or self.stems.get(role))

    def may_ask(self, words: Sequence[str]) -> bool:
        """Tell whether a clause may name a person or say all in one phrase: else it asks for none."""
        return not self.telling.isdisjoint(words) or any(word.startswith(self.last_stems) for word in words)

    def find(self, role: str, words: Sequence[str]) -> Iterator[Span]:
        """Yield where a clause holds entries of a role."""
        exact, stems = self.exact.get(role, {}), self.stems.get(role, ())
        for place, word in enumerate(words):
            for entry in exact.get(word, ()):
                if tuple(words[place : place + len(entry)]) == entry:
                    yield place, place + len(entry)
            for entry in stems:
                *before, stem = entry
                *said, last = words[place : place + len(entry)]
                if said == before and last.startswith(stem):
                    yield place, place + len(entry)

    def says(self, role: str, words: Sequence[str]) -> bool:
        """Tell whether these words, all of them, are an entry of a role."""
        return tuple(words) in self.exact.get(role, {}).get(words[0], ()) if words else False


@dataclass(frozen=True)
class _Clause:
    """A clause as a language reads it."""

    words: Sequence[str]
    roles: _Roles
    _spans: dict[str, tuple[Span, ...]] = field(default_factory=dict)

    def asks(self, is_all: bool) -> bool:
        if self._names_only_a_person(is_all):
            return True
        if self._find("no") or self.is_reported():
            return False
        return self._says_it_in_one() or self._wants_contact() or self._demands_a_person()

    def _find(self, role: str) -> tuple[Span, ...]:
        if role not in self._spans:
            self._spans[role] = tuple(self.roles.find(role, self.words))
        return self._spans[role]

    def is_reported(self) -> bool:
        """Tell whether somebody else said so; "I told you that I want …" is the customer's own wish."""
        return any(start == 0 or self.words[start - 1] != "i" for start, _ in self._find("told"))

    def _names_only_a_person(self, is_all: bool) -> bool:
        """Tell whether the clause is "agent" or "a real person please"."""
        for start, end in self._find("person"):
            others = [*self.words[:start], *self.words[end:]]
            if all(self.roles.says("alone_fillers", [word]) for word in others):
                return is_all or any(self.roles.says("please", [word]) for word in others)
        is_polite = any(self.roles.says("please", [word]) for word in self.words)
        return (is_all or is_polite) and self.roles.says("alone", self.words)

    def _says_it_in_one(self) -> bool:
        """Tell whether there is a phrase such as "call me back" that needs no other word."""
        return any(
            (self._is_opened(start, "before_whole") or self._is_opened(start, "lead"))
            and not self._follows(end, "not_after_whole")
            for start, end in self._find("whole")
        )

    def _wants_contact(self) -> bool:
        """Tell whether a wish and a way to talk go with a person; where "support" is found is a question."""
        people, staff = self._find("person"), self._find("staff")
        ways = [("contact", (*people, *staff)), ("find", people)]
        return any(
            self._go_together(contact, person) and self._ends_well(person[1], "followers")
            for role, whom in ways
            for contact in self._find(role)
            for person in whom
            if self._is_wished(contact)
        )

    def _demands_a_person(self) -> bool:
        """Tell whether the clause is "I want a human" and ends there."""
        return any(
            0 <= person[0] - demand[1] <= MOST_WORDS_BEFORE_A_PERSON
            and self._is_described(demand[1], person[0])
            and self._ends_well(person[1], "after_demand")
            and not self._precedes(demand[0], "not_before")
            for demand in self._find("demand")
            for person in self._find("person")
        )

    def _is_wished(self, contact: Span) -> bool:
        if not self.roles.has(STRICT):
            return contact[0] == 0 or bool(self._find("lead"))
        return self._is_opened(contact[0], "lead")

    def _is_opened(self, place: int, role: str) -> bool:
        """Tell whether what stands at a place begins the clause or comes with a wish, but for small words."""
        while place and self.roles.says("fillers", [self.words[place - 1]]):
            place -= 1
        return place == 0 or any(
            end == place and not self._precedes(start, "not_before") for start, end in self._find(role)
        )

    def _go_together(self, contact: Span, person: Span) -> bool:
        if self.roles.has(STRICT):
            return contact[1] <= person[0] and self._is_described(contact[1], person[0])
        return max(person[0] - contact[1], contact[0] - person[1]) <= MOST_WORDS_BETWEEN

    def _is_described(self, start: int, end: int) -> bool:
        """Tell whether what stands before a person only says which: "one of your real"."""
        return end - start <= MOST_WORDS_BEFORE_A_PERSON and all(
            self.roles.says("before_person", [word]) for word in self.words[start:end]
        )

    def _ends_well(self, place: int, role: str) -> bool:
        """Tell whether a person is not the beginning of another thing, such as an agent token."""
        return place == len(self.words) or not self.roles.has(role) or self._follows(place, role)

    def _follows(self, place: int, role: str) -> bool:
        return any(start == place for start, _ in self._find(role))

    def _precedes(self, place: int, role: str) -> bool:
        return any(end == place for _, end in self._find(role))


def _clause(words: Sequence[str], roles: _Roles) -> _Clause:
    return _Clause([word for word in words if not roles.says("adverbs", [word])], roles)


def plain_words(clause: str) -> list[str]:
    """Return the words of a clause without accents, which many leave out."""
    return WORD.findall(_plain(CONTRACTION.sub("", clause)))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(NOT_DECOMPOSED))
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


@cache
def _tables() -> Mapping[str, Mapping[str, list[str]]]:
    tables: dict[str, dict[str, list[str]]] = json.loads((TABLES / "person_request.json").read_text("utf-8"))
    return tables


@cache
def _languages() -> tuple[_Roles, ...]:
    return tuple(_roles(table) for language, table in _tables().items() if language != UNSPACED)


def _roles(table: Mapping[str, list[str]]) -> _Roles:
    exact: dict[str, dict[str, tuple[tuple[str, ...], ...]]] = {}
    stems: dict[str, tuple[tuple[str, ...], ...]] = {}
    for role, entries in table.items():
        for entry in entries:
            words = tuple(WORD.findall(_plain(entry)))
            if entry.endswith("*"):
                stems[role] = (*stems.get(role, ()), words)
            else:
                by_first = exact.setdefault(role, {})
                by_first[words[0]] = (*by_first.get(words[0], ()), words)
    return _Roles(exact, stems)
