"""What a message asks: its questions, each with the sentences that it needs to be understood."""

import re
from collections.abc import Sequence
from functools import lru_cache

from chalicelib.chat.reading.own_words import own_words

MOST_QUESTIONS = 3
LONG_CHARS = 400
"""From here on what a message tells around its question would drown it in a search."""
MOST_CHARS = 1000
"""What Retrieve takes."""
FEW_WORDS = 3
LEANS_ON_WHAT_WAS_SAID = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|yes|no|thanks|thank you|right|sure)\b\W*)?"
    r"(?:(?:and|but|or|so|then|also|same|only|even|what about|how about|what if)\b"
    r"|(?:und|aber|was ist mit|y|pero|et|mais|e|ma|mas|en|maar)(?= )|(?:それ|これ|その|では|那))"
    r"|\b(?:it|its|that|this|they|them|those|these|one|there|do so|das|es|eso|esto|ça|cela)\b"
    r"|\b(?:then|instead|too|either)\W*$",
    re.IGNORECASE,
)
EMPTY_WORDS = re.compile(
    r"\b(?:(?:is|are|was) there|there (?:is|are)|there['’]s|is it (?:possible|ok(?:ay)?|allowed|safe|free)"
    r"|(?:does|will|would) it (?:take|cost) to|(?:know|sure|means|says) that|one[- ]time)\b",
    re.IGNORECASE,
)
"""These hold a pronoun that refers to nothing."""
WORD = re.compile(r"[\u3040-\u9fff]{1,2}|[^\W\u3040-\u9fff]+")
"""A word; Chinese and Japanese write none apart, so two characters count as one."""
SMALL_WORDS = frozenset(
    """
    a an the i we you my your our me us is are was were be been do does did can could will would should may
    might have has had to of in on at for from with by about as if and or but not no so what how when where
    why who which it its that this they them those these there long much many often soon really exactly please
    thanks hello hi whats wheres hows whos im ive
    """.split()  # noqa: SIM905 (a list of eighty quoted words is no easier to read)
)
THANKS = re.compile(
    r"(?:thanks|thank you|danke|vielen dank|merci|gracias|obrigad[oa]|grazie|bedankt|dank u|dziękuję|спасибо"
    r"|дякую|teşekkürler)\b",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(
    r"(?<=[.!?…؟])[\"'”’»)]*\s+|(?<=[。！？])|\n+|(?<=[?!])(?=[A-ZÀ-ÞА-Я]\w{0,30}[ ’'])"
)
"""Some write no space behind a question mark; in an address no word with a space follows one."""
OPENING = (
    r"(?:how|what|when|where|why|which|who)(?:['’]?s| \w+)? "
    r"(?:do|does|did|is|are|can|could|will|would|should)\b"
    r"|how (?:to|long|much|many)\b|what['’]?s the\b"
    r"|(?:can|could|may|do|does|is|are|will|should) (?:i|we|you|it|there|my)\b"
)
TO_KNOW = (
    r"tell me|let me know|explain to me|i (?:want|need|would like) to know|i['’]d like to know|i wonder"
    r"|i['’]m wondering|my question is|ich (?:möchte|will|würde gerne) wissen|ich wüsste gerne?|sagen sie mir"
    r"|meine frage|mich interessiert|je (?:voudrais|veux|souhaite) savoir|j['’]aimerais savoir|dites-moi"
    r"|ma question|(?:quiero|quisiera|necesito|me gustaría) saber|d[ií]game|mi pregunta"
    r"|(?:quero|queria|gostaria de) saber|minha (?:dúvida|pergunta)|(?:vorrei|voglio|volevo) sapere"
    r"|la mia domanda|ik wil (?:graag )?weten|ik zou graag willen weten|mijn vraag"
    r"|(?:chcę|chciałbym|chciałabym) wiedzieć|moje pytanie"
)
ASKS = re.compile(
    r"[?？؟][^\w?？؟]*$|(?:か|吗|嗎|呢|나요|까요|니까)[。.!]*$"
    rf"|^\W*(?:(?:and|also|or|then|so|plus|please|could you|can you)\b\W*)*(?:{OPENING}|(?:{TO_KNOW})\b)",
    re.IGNORECASE,
)
"""An end that only questions have, a wish to know, or how a question begins that many end without a mark."""
RUN_ON = re.compile(rf" ((?:{OPENING}))", re.IGNORECASE)
SEMICOLON_OR_ITEM = re.compile(r" ?[;；] ?|,? ?\((?:[1-9]|[a-e])\) ")
"""What stands between questions that share a full stop: "how …; when …", "(a) how …, (b) when …"."""
CONJUNCTION = re.compile(
    r"^\W*(?:(?:and|also|or|then|plus|und|außerdem|et|aussi|y|además|e|anche|inoltre|também|en|ook|i|oraz"
    r"|и|также|та|також|ve|ayrıca)\b[\s,]*)+",
    re.IGNORECASE,
)
NEXT_QUESTION = re.compile(
    r",? (?:and|und|et|y|e|en|i|и|та|ve) (?:also |auch )?(?=(?:how|what|when|where|why|which|who|can i"
    r"|could i|do i|do you|does|is there|are there|wie|wann|wo|warum|welche|was|kann ich|comment|quand|où"
    r"|pourquoi|combien|est-ce|cómo|cuándo|dónde|cuánto|qué|puedo|como|quando|onde|quanto|posso|come|dove"
    r"|perché|hoe|wanneer|waar|hoeveel|jak|kiedy|gdzie|ile|czy|как|когда|где|сколько|як|коли|де|скільки)\b)",
    re.IGNORECASE,
)
"""The space before a second question of the same sentence."""


@lru_cache(maxsize=8)
def questions_in(text: str) -> tuple[str, ...]:
    """Return the questions of a message in its order, one to three; a message that asks nothing is one.

    Each comes with what was told for it, at most 1,000 characters; of more questions some share a place.
    A turn asks more than once: what is expected to be spent depends on it.
    """
    own = own_words(text)
    groups: list[list[str]] = []
    told: list[str] = []
    sentences = _sentences(own)
    if len(sentences) > 1 and _thanks_for_something(sentences[0]):
        # It is about what was before.
        own = " ".join(sentences := sentences[1:])
    for sentence in sentences:
        if not ASKS.search(sentence):
            told.append(sentence)
        elif groups and not told and is_follow_up(CONJUNCTION.sub("", sentence)):
            groups[-1].append(sentence)
        else:
            groups.append([*told, sentence])
            told = []
    if len(groups) < 2 and len(own) <= LONG_CHARS:
        return (own,)
    if groups:
        groups[-1] += told
    return tuple(map(_shortened, _at_most_three(groups or [told])))


def asked_alone(question: str) -> str | None:
    """Return what a question says without the story around it; None where it needs the story or has none."""
    sentences = _sentences(question)
    asked = [sentence for sentence in sentences if ASKS.search(sentence)]
    if len(asked) == len(sentences) or not any(not is_follow_up(sentence) for sentence in asked):
        return None
    return " ".join(asked)


def is_follow_up(question: str) -> bool:
    """Tell whether a question leans on what was said before it."""
    question = EMPTY_WORDS.sub(" ", question.strip())
    words = WORD.findall(question.lower())
    telling = [word for word in words if word not in SMALL_WORDS]
    if not telling or (len(words) <= 2 and len(telling) <= 1) or LEANS_ON_WHAT_WAS_SAID.match(question):
        return True
    return len(telling) <= FEW_WORDS and LEANS_ON_WHAT_WAS_SAID.search(question) is not None


def _thanks_for_something(sentence: str) -> bool:
    """Say whether a sentence is like "Thanks, the parcel is here."."""
    thanks = THANKS.match(sentence)
    if thanks is None or not sentence.endswith((".", "!")):
        return False
    for_what = sentence[thanks.end() :]
    return not {"?", "？"} & set(for_what) and WORD.search(for_what.partition("!")[0]) is not None


def _sentences(text: str) -> list[str]:
    sentences = [" ".join(part.split()) for part in SENTENCE_END.split(text)]
    return [part for sentence in sentences if sentence for part in _asked_at_once(sentence)]


def _asked_at_once(sentence: str) -> list[str]:
    """Cut "How do I … and how long …?" in two, where each half says what it is about."""
    if len(sentence) > LONG_CHARS:
        # Written without full stops.
        return RUN_ON.sub(r"\n\1", sentence).split("\n")
    lead, *parts = SEMICOLON_OR_ITEM.split(sentence)
    if parts and all(map(ASKS.search, [lead, *parts] if ASKS.search(lead) else parts)):
        return [lead, *parts]
    parts = NEXT_QUESTION.split(sentence) if ASKS.search(sentence) else [sentence]
    return [sentence] if any(map(is_follow_up, parts)) else [*(f"{part}?" for part in parts[:-1]), parts[-1]]


def _at_most_three(groups: Sequence[list[str]]) -> list[list[str]]:
    """Join neighbours where there are more, so that nothing is left out."""
    places = min(len(groups), MOST_QUESTIONS)
    joined: list[list[str]] = [[] for _ in range(places)]
    for number, group in enumerate(groups):
        joined[number * places // len(groups)] += group
    return joined


def _shortened(sentences: Sequence[str]) -> str:
    """Return a question; of a long story only what it asks, or as much as fits if that says little alone."""
    text = " ".join(sentences)
    if len(text) <= LONG_CHARS:
        return text
    asked = [sentence for sentence in sentences if ASKS.search(sentence)]
    if any(not is_follow_up(sentence) for sentence in asked):
        return _clipped(" ".join(asked))
    # People say at the beginning and at the end what they want.
    kept, room = set[int](), MOST_CHARS
    for place in sorted(range(len(sentences)), key=lambda place: min(place, len(sentences) - 1 - place)):
        room -= len(sentences[place]) + 1
        if room >= 0:
            kept.add(place)
    return _clipped(" ".join(sentences[place] for place in sorted(kept)) or text)


def _clipped(text: str) -> str:
    """Return a text that fits, of a longer one its beginning and its end."""
    half = MOST_CHARS // 2
    return text if len(text) <= MOST_CHARS else f"{text[: half - 1]} {text[-half:]}"
