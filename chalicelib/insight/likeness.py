"""How alike questions are, by their words: without a model, in any language, and the same every time."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

WORD = re.compile("[\u3040-\u9fff\uac00-\ud7af]+|[^\\W\u3040-\u9fff\uac00-\ud7af_]+")
WITHOUT_SPACES = re.compile("[\u3040-\u9fff\uac00-\ud7af]")
CODE = re.compile(r"\d[\w-]*")
SMALL_WORDS = frozenset(
    """
    a an and any are as at be been but by can could do does did for from get give had has have how i if
    in into is it its me my no not of on one or our please pls so some than that the their them there
    these they this to up us was way we were what when where which while who why will with would you
    your possible want need keep seeing ab als am auch auf aus bei bin bitte da das dass dem den der des
    die doch du ein eine einem einen einer es euer fur gibt geht haben hat ich ihr im ist ja kann kein
    man mein meine meinem meinen mich mir mit moglich nach nicht noch oder sich sie sind uber um und uns
    von war wer wie wir wird wo zu zum zur warum au aux avec avez ce ces comment dans de elle en est et
    il ils j je la le les leur ma mais mes mon ne nos notre ou ouvrir par pas peut peux pour puis quand
    que quel quelle qui sa se ses son sont sur t tu un une vos votre vous y fonctionne al como con cual
    cuando del donde el ella esta este hay las lo los mi mis muy o para pero por puedo si sin su sus
    tienen una yo ao aos com dos e ela ele em eu ha isto mas meu minha na nas nao os pela pelo posso
    qual sem seu sua tem uma voce ai alla che chi ci come cosa dal dei della di gli ho io mia mio nel
    non per piu puo quale quando sono sul aan bij dan dat deze dit een er heb heeft het hij hoe ik kan
    maar met mij mijn naar niet om op ook te tot uit van voor waar wat wel wij worden zijn ale bo byc co
    czy dla gdzie ile jak jaki jakie jest jestem kiedy lub mam mnie moge moj moja moje nie od po przez
    ta tak w z za ze
    """.split()  # noqa: SIM905 (a list of some hundred quoted words is no easier to read)
)
"""Words that say nothing of what is asked, of eight languages, without accents."""
STEM_CHARS = 6
LEAST_LIKENESS = 0.4
"""Tuned on bench/questions/gaps.json, see bench/gaps.py."""
Terms = Mapping[str, float]


def terms_of(text: str) -> Counter[str]:
    """Return what a question is compared by: the beginnings of its words and their pieces of three letters.

    Scripts that write no spaces are compared by pairs of characters.
    """
    terms: Counter[str] = Counter()
    for word in WORD.findall(_plain(text)):
        if WITHOUT_SPACES.match(word):
            terms.update(word[n : n + 2] for n in range(len(word) - 1))
        elif word not in SMALL_WORDS:
            padded = f" {word} "
            terms.update(padded[n : n + 3] for n in range(len(padded) - 2))
            terms[f"={word[:STEM_CHARS]}"] += 2
    return terms


def codes_of(text: str) -> frozenset[str]:
    """Return the numbers and codes of a question: those of another one are another question."""
    return frozenset(CODE.findall(text))


def weighted(questions: Sequence[Mapping[str, int]]) -> list[Terms]:
    """Return each question's terms by weight, the rarer the more, as vectors of length 1."""
    in_how_many = Counter(term for terms in questions for term in terms)
    rarity = {term: math.log(1 + len(questions) / count) for term, count in in_how_many.items()}
    return [_unit({term: count * rarity[term] for term, count in terms.items()}) for terms in questions]


class Groups:
    """Puts each question to the first of those before it that it is most like, or begins a group with it."""

    def __init__(self) -> None:
        self._members: list[list[int]] = []
        self._codes: list[frozenset[str]] = []
        self._holding: dict[str, list[tuple[int, float]]] = defaultdict(list)

    def add(self, number: int, terms: Terms, codes: frozenset[str]) -> None:
        """Add a question by its number."""
        alike: dict[int, float] = defaultdict(float)
        for term, weight in terms.items():
            for group, of_first in self._holding.get(term, ()):
                alike[group] += weight * of_first
        matching = [(-like, group) for group, like in alike.items() if self._codes[group] == codes]
        best, group = min(matching, default=(0.0, -1))
        if -best >= LEAST_LIKENESS:
            self._members[group].append(number)
            return
        for term, weight in terms.items():
            self._holding[term].append((len(self._members), weight))
        self._members.append([number])
        self._codes.append(codes)

    @property
    def members(self) -> list[list[int]]:
        """The numbers of the questions of each group."""
        return self._members


def grouped(questions: Sequence[str]) -> list[list[int]]:
    """Return the places of the questions that ask the same thing, group by group."""
    groups = Groups()
    for number, terms in enumerate(weighted([terms_of(question) for question in questions])):
        groups.add(number, terms, codes_of(questions[number]))
    return groups.members


def _unit(weights: Mapping[str, float]) -> Terms:
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {term: weight / length for term, weight in weights.items()}


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize(
        "NFC", "".join(p for p in parts if not unicodedata.combining(p) or ord(p) > 0x3000)
    )
