"""Tells a secret from what else stands behind its name: a sentence about it, a placeholder, a status."""

import re
from dataclasses import dataclass
from itertools import takewhile

from chalicelib.masking.formats import CREDENTIAL_MARK
from chalicelib.masking.words import FIRST_WITHOUT_SPACES, GO_ON, PROSE

QUOTED = re.compile(
    r"""\\"([^"\\\n]{1,200})\\" | "([^"\n]{1,200})" | '([^'\n]{1,200})' | `([^`\n]{1,200})`
    | “([^”\n]{1,200})” | „([^“”\n]{1,200})[“”] | «\s?([^»\n]{1,200}?)\s?» | ‘([^’\n]{1,200})’
    | [「『]([^」』\n]{1,200})[」』]""",
    re.VERBOSE,
)
OPENING_QUOTES = tuple("\"'`“„«「『‘")
_BARE = r"[^\s\"'`“”„«»「」『』,;<]"
_FURTHER = rf"(?:{_BARE}|[\"'<](?=[^\s\"',;:/\]}})>])|[,;](?![\w ]{{1,30}}[:=])(?=[^\s\"']))"
LONGEST_JUDGED, REST_CHARS = 200, 40
BARE = re.compile(rf"{_BARE}{_FURTHER}{{0,{LONGEST_JUDGED - 1}}}")
REST_OF_BARE = re.compile(rf"{_FURTHER}*")
TRAILING = ".,!?;:…)]}>*_`\"'。！？、"
HARMLESS = re.compile(
    r"""  # placeholders
    [\[<].* | \{\{?.* | \$[({].* | &(?:\w{1,20}|\#\d{1,9});.* | %\(?[a-z_]{1,60}\)?[%sd] | --[a-z].* | n/a
  | (?-i:\$[A-Z_]+|[A-Z]{1,40}(?:_[A-Z]{1,40}){1,6}) | \S{0,60}[_-]here | [^\s\]]{0,60}\]\(.*
  | [$:@][a-z_]{0,40}(?:pass|pwd|token|secret|key)[a-z_]{0,40}
  | my[_-]?(?:secret|api|token|password|key)\D{0,60} | \(\w{1,60}
  | (?:your|enter|insert|replace|put|add|paste|not|no|un)[_-].* | [*•xX#·._?-]{3,60}\w{0,4}
  | (?:\w{1,20}[_-])?x{4,60}\w{0,20} | (?:example|dummy|placeholder|change[_-]?me|to[_-]?do)\w{0,40}
    # source code, and where it keeps a secret
  | (?:process|os|env|config|cfg|settings?|secrets?|vars?|data|this|self|req|request|res|response|params?
      |props|user|options|event|context|module|vault|arn|urn|ssm|op|file|form|input)(?:\.|::?|->|\[)\w.*
  | [a-z_][\w.]{0,60}\(.* | (?:\.{0,2}/|~/|[a-z]:\\)[\w./\\#-]{1,200} | !(?:ref|sub|getatt|vault|secret)\b.*
    # addresses, dates, times, versions, amounts, products
  | [\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,60}){1,4} | (?:https?|ftp|file)://.* | www\..*
  | \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:t[\d:.+-]{0,20}z?)? | \d{1,2}:\d\d(?::\d\d)?(?:[ap]m)?
  | v?\d{1,9}(?:\.\d{1,9}){1,4} | [$€£]?\d{1,3}(?:[.,]\d{1,3}){0,4}[%€$£kx]?
  | \d{1,9}[-–](?:\d{1,9}|[a-z]{1,20})
  | \d{1,3}(?:st|nd|rd|th|h|d|s|m|min|hrs?|days?|chars?|bits?|bytes?|px|gb|mb|kb)
  | (?:2|two|multi)-?(?:fa|factor|step|way)\S{0,40} | [12]password\S{0,40}
  | (?:sha|md|aes|rsa|wpa|utf|base|oauth|ipv|http|html|windows|iphone|ipad|android|ios|macos|web)-?\d\S{0,20}
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What stands behind a secret's name without being one."""
ODD = re.compile(
    r"\d|[@#$%^&]|\w[!*+=~?_]+\w|^[a-z]{16,}$|^(?!(?:[A-Z]?[a-z]+)(?:[A-Z][a-z]+)*$)[a-zA-Z]*[a-z][A-Z]"
)
"""Digits, signs or capitals within a value, which make it none of the words that a sentence goes on with."""
MIXED = re.compile(r"\d|[!@#$%^&*+=~?]|[a-z][A-Z]")
ORDER_ID = re.compile(r"[A-Z]{1,6}-[A-Z0-9-]+")
PART = re.compile(r"[^\W_]+")
FOLLOWING_WORD = re.compile(r"\?|[ \t]{1,9}([\w*(>\[]{1,20})")
MOST_CHARS_OF_SMALL_WORD = 3
LAST_OF_PLAIN_LETTERS = "\u0530"
"""Up to here: Latin, Greek and Cyrillic. Passwords are hardly ever words of other scripts."""


@dataclass(frozen=True)
class Value:
    """What stands where a secret may stand; `rest` is what follows, empty where no sentence goes on."""

    start: int
    end: int
    words: str
    is_quoted: bool = True
    rest: str = ""

    def whole_end(self, text: str) -> int:
        """Return where the value ends if it is longer than what is judged of it."""
        is_longer = not self.is_quoted and self.end - self.start >= LONGEST_JUDGED
        rest = REST_OF_BARE.match(text, self.end) if is_longer else None
        return rest.end() if rest else self.end

    def is_secret(self) -> bool:
        """Tell whether this is a secret rather than a state of one or a sentence about it."""
        if self._is_harmless():
            return False
        if " " not in self.words and ODD.search(self.words):
            return True
        parts = PART.findall(self.words.lower())
        about = sum(
            len(part) <= MOST_CHARS_OF_SMALL_WORD or part.isdigit() or part in PROSE for part in parts
        )
        if self.words[0] >= LAST_OF_PLAIN_LETTERS or 2 * about > len(parts):
            return False
        following = FOLLOWING_WORD.match(self.rest) if self.words.isalpha() else None
        return following is None or (following[1] or "").lower() in GO_ON

    def is_odd(self) -> bool:
        """Tell whether this is no word that a sentence would go on with."""
        return ODD.search(self.words) is not None and not self._is_harmless()

    def is_random(self) -> bool:
        """Tell whether letters are mixed with digits or signs as in no word and no order number."""
        is_mixed = MIXED.search(self.words) is not None and any(map(str.isalpha, self.words))
        return is_mixed and len(self.words) >= 6 and not ORDER_ID.fullmatch(self.words) and self.is_odd()

    def is_pin(self) -> bool:
        """Tell whether this is a number as long as a PIN."""
        return self.words.isdigit() and 3 <= len(self.words) <= 8

    def _is_harmless(self) -> bool:
        is_mark = CREDENTIAL_MARK in self.words or "[card" in self.words
        return len(self.words) < 4 or is_mark or HARMLESS.fullmatch(self.words) is not None


def read_value(text: str, start: int, is_alone: bool = False) -> Value | None:
    """Read what stands at a place: what is in quotes, or all up to a space."""
    quoted = QUOTED.match(text, start)
    if quoted:
        return Value(*quoted.span(), quoted[quoted.lastindex or 0].strip())
    # Without a closing quote in reach, what follows the opening one is the value.
    found = BARE.match(text, start + (text[start : start + 1] in OPENING_QUOTES))
    if found is None:
        return None
    shown = found[0]
    if not shown.isascii():
        # Scripts that write no spaces go on right behind what is in ASCII.
        shown = "".join(takewhile(lambda char: char < FIRST_WITHOUT_SPACES or "！" <= char <= "～", shown))
    end = found.start() + len(shown)
    shown = shown.rstrip(TRAILING)
    behind = found.start() + len(shown)
    rest = "" if is_alone else text[behind : behind + REST_CHARS]
    return Value(start, end, shown, is_quoted=False, rest=rest)
