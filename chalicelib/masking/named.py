"""Masks what the words around it call a password, a key, a token or a PIN: `pwd=…`, "mein Passwort war …"."""

import re
from collections.abc import Iterator

from chalicelib.masking import words
from chalicelib.masking.formats import CREDENTIAL_MARK
from chalicelib.masking.values import ODD, OPENING_QUOTES, PART, Value, read_value
from chalicelib.masking.words import FIRST_WITHOUT_SPACES, any_of

_LETTER = rf"a-z\u00aa-\u{ord(FIRST_WITHOUT_SPACES) - 1:04x}"
NAME = re.compile(
    # A password may be named at the end of a longer word: "Datenbankpasswort".
    rf"""(?: (?<![{_LETTER}])(?:(?P<pin>{any_of("pins")})
        |(?P<secret>{any_of("secrets")}|(?:{any_of("keys")})[\s_-]?key))
      | (?P<password>{any_of("passwords")}) | (?<![{_LETTER}])(?P<pass>pass)
    )(?P<plural>s?)(?![{_LETTER}])""",
    re.VERBOSE,
)
NO_SECRET = re.compile(
    r"""(?:next|page|continuation|cursor|sync|design|resume|start|pagination|max|public|primary|foreign|cache
    |object|event|map|partition|sort|row|s3|idempotency|license|product)[ _-]?(?:key|token)s?$
    |\b[au]rn:\S{0,80}$""",
    re.VERBOSE,
)
ADDITION = (
    r"[ _-]?(?:confirmation|confirm|again|repeat|new|old|current|value|plain|text|number|nueva)?_?\d{0,2}"
)
ALL_OF_NAME = re.compile(ADDITION)
JOIN = re.compile(
    rf"""(?:{ADDITION}(?![^\W_]))? \\{{0,2}} (?:(?!['’]s\s)["'’`”»」』\])*_]){{0,4}}
    (?: \s?[(\[](?!credential\]|card\ number\])(?P<note>[^()\[\]\n]{{0,40}})[)\]] )?
    (?: (?P<assigned> \s{{0,8}}(?::=|=>|:{{1,2}}|=)(?![=>])[\s*_>]{{0,12}}
        | >(?=[^<>\s]{{4,200}}</) | \((?=["'])
        | \s{{0,2}}(?:已经?|已經|现在|現在|被)?(?:は|が|を|も|って|とは|就是|是|为|為|改成了?
            |改为了?|改為|换成|换为|设成|设为|设置为|更改为|变更为|คือ|은|는|이|가|을|를)
            (?:\s?[:=])?\s{{0,3}} )
      | (?P<beside> [ \t]?(?:[-–—]{{1,2}}>?[ \t]|[→➔⇒|]|(?<=[ \t])\(|,(?=\s?["']))[ \t]?
        | (?<=[^!-~])(?=[!-~]) | [ \t]{{0,9}}\n{{1,2}}(?=\S{{1,80}}[ \t\r]{{0,9}}(?:\n|\Z)) )
    )?""",
    re.VERBOSE,
)
"""What stands between a name and its value, in folded text; without any sign there are words."""
PHRASE = re.compile(r"[a-z]{3,12}(?: [a-z]{3,12}){2,23}(?=[.\s]{0,3}(?:\n|\Z))")
"""Several words that end a line."""
LABEL_BEHIND = re.compile(r"[\"']?\s{0,3}[:=]")
WORD = re.compile(r"\S{1,60}")
VALUE_BEFORE = re.compile(
    r"(?<![!-~])[\"'`“]?(?P<value>[!-~]{4,80}?)[\"'`”]?\s{1,3}"
    r"(?:is|was|as|ist|war|als|es|era|como|est|était|comme|é|è|come|to|jest|jako|это|был)"
    r"\s{1,3}(?:[^\W\d_]{1,9}\s{1,3}){0,3}$"
)
END_OF_CLAUSE = re.compile(r"\s{0,4}(?:[.,;:!?)\n]|$|(?:and|but|for|on|at|und|aber|für|et|pour|y|e|per)\b)")
CLAUSE_SIGNS = ".,;:=!?)"
LINK_OF_NAME = {"to": "has", "on": "sal"}
"""What means "is" in the language of a name, and something else in others: "hasło to …"."""
MOST_WORDS, MOST_STRANGERS, MOST_SPACES = 9, 5, 5
LOOK_BACK_CHARS, LOOK_AHEAD_CHARS = 60, 160


def mask_named(text: str, folded: str) -> str:
    """Return the text with what is called a credential as `[credential]`; `folded` is it in lower case."""
    pieces, done = [], 0
    for name in NAME.finditer(folded):
        if name.start() < done or _is_no_secret(folded, name):
            continue
        for value in _values(text, folded, name):
            if value.start >= done:
                pieces += [text[done : value.start], CREDENTIAL_MARK]
                done = value.whole_end(text)
    return "".join(pieces) + text[done:]


def credential_name(name: str) -> re.Match[str] | None:
    """Return what of a whole name in JSON, such as `dbPassword`, names a credential."""
    folded = words.fold(words.CAMEL_CASE.sub("_", name))
    found = next((n for n in NAME.finditer(folded) if ALL_OF_NAME.fullmatch(folded, n.end())), None)
    return None if found is None or _is_no_secret(folded, found) else found


def is_credential(name: re.Match[str], text: str, is_number: bool) -> bool:
    """Tell whether a credential's name makes one of a text or a whole number in JSON."""
    is_sentence = text.count(" ") >= MOST_SPACES and "phrase" not in name[0]
    if is_sentence or (is_number and not (name["pin"] or name["password"])):
        return False
    value = Value(0, len(text), text.strip())
    return value.is_secret() if name["pass"] else _is_secret(name, value)


def _is_no_secret(folded: str, name: re.Match[str]) -> bool:
    return NO_SECRET.search(folded, max(0, name.start() - LOOK_BACK_CHARS), name.end()) is not None


def _is_secret(name: re.Match[str], value: Value) -> bool:
    """Tell whether a value that is assigned to a name is a secret."""
    if name["pin"]:
        return value.is_pin()
    return value.is_random() if name["pass"] or name["plural"] else value.is_secret()


def _is_secret_beside(name: re.Match[str], value: Value) -> bool:
    """Tell whether a value that stands right behind a name is a secret."""
    return value.is_pin() if name["pin"] else value.is_random() and not name["pass"]


def _values(text: str, folded: str, name: re.Match[str]) -> Iterator[Value]:
    """Yield the values of a name: the one behind it and what that was changed to, or the one before it."""
    values = list(_values_behind(text, folded, name))
    yield from values
    if values:
        yield from _told(text, folded, name, values[-1].end)
    elif name["password"] and END_OF_CLAUSE.match(folded, name.end()):
        found = VALUE_BEFORE.search(folded, max(0, name.start() - LOOK_BACK_CHARS), name.start())
        value = read_value(text, found.start("value")) if found else None
        if value and value.is_random():
            yield value


def _values_behind(text: str, folded: str, name: re.Match[str]) -> Iterator[Value]:
    join = JOIN.match(folded, name.end())
    if join is None:
        return
    start = join.end()
    note = Value(*join.span("note"), text[slice(*join.span("note"))]) if join["note"] else None
    if note and " " not in note.words and _is_secret_beside(name, note):
        yield note
    elif join["assigned"]:
        phrase = PHRASE.match(text, start) if "phrase" in name[0] else None
        is_alone = text[start - 1] == "="
        value = Value(*phrase.span(), phrase[0]) if phrase else read_value(text, start, is_alone)
        is_label = value and LABEL_BEHIND.match(text, value.end) and (value.is_quoted or "\n" in join[0])
        if value and not is_label and _is_secret(name, value):
            yield value
    elif join["beside"] is not None:
        value = read_value(text, start)
        if value and _is_secret_beside(name, value):
            yield value
    else:
        yield from _told(text, folded, name, name.end())


def _told(text: str, folded: str, name: re.Match[str], start: int) -> Iterator[Value]:
    """Yield the values in a sentence that goes on behind a name, or behind its value: "… is now hunter2"."""
    between: list[str] = [] if start == name.end() else [","]
    done = start
    for found in WORD.finditer(folded, start, start + LOOK_AHEAD_CHARS):
        place, word = found.start(), found[0].rstrip(CLAUSE_SIGNS)
        if place < done:
            continue
        sign = found[0][len(word) :][:1]
        if _is_word(text[place : place + len(word)]):
            between.append(word.replace("’", "'"))
        elif word:
            value = read_value(text, place) if place > name.end() else None
            nearby = folded[max(0, name.start() - LOOK_BACK_CHARS) : place + LOOK_BACK_CHARS]
            if value and _gives_away(name, value, between, nearby):
                yield value
                done, between, sign = value.end, [","], ""
            else:
                return
        if not _goes_on(between, sign):
            return
        between += [":"] if sign and sign in ":=" else []


def _is_word(text: str) -> bool:
    is_quoted = text.startswith(OPENING_QUOTES) and text not in ("'s", "’s")
    return not is_quoted and text.replace("'", "").replace("’", "").isalpha() and ODD.search(text) is None


def _goes_on(between: list[str], sign: str) -> bool:
    """Tell whether a sentence may still come to the secret, rather than turn to something else."""
    is_next = between[:1] == [","]
    if sign not in ("", ":", "=") and not (sign == "," and is_next):
        return False
    if between and between[-1] in words.OTHER_TOPICS and not (is_next and between[-1] in words.JOINED):
        return False
    being = next((place for place, word in enumerate(between) if word in words.BEING), len(between))
    behind = _strangers(between[being:])
    if len(behind) > 1 or words.PROSE.among(behind):
        return False
    return len(between) <= MOST_WORDS and len(_strangers(between)) <= MOST_STRANGERS + is_next


def _gives_away(name: re.Match[str], value: Value, between: list[str], nearby: str) -> bool:
    """Tell whether words between a name and a value say that the one is the other."""
    if not between:
        return _is_secret_beside(name, value)
    last = between[-1]
    is_linked = last == ":" or words.BEING.among(between) or LINK_OF_NAME.get(last) == name[0][:3]
    if not is_linked and not (last in words.TOWARDS and words.CHANGED.among(PART.findall(nearby))):
        return False
    if name["pin"]:
        return value.is_pin()
    if name["plural"] or name["pass"] or _strangers(between):
        return value.is_random()
    return value.is_odd() or (value.is_quoted and value.is_secret())


def _strangers(between: list[str]) -> list[str]:
    """Return the words that are in no list."""
    known = (words.BEING, words.GO_BETWEEN, words.TOWARDS, ":,")
    return [word for word in between if not any(word in each for each in known)]
