"""The languages of the chat page: which one a visitor gets, and its words.

`languages/<code>.json` holds what the markup says ("page"), what the scripts say ("script") and what the
launcher on other sites says ("widget"). What a script says may have `{places}`, and plural forms by the
categories of Unicode's CLDR: `{"one": …, "other": …}`.
"""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RIGHT_TO_LEFT = frozenset({"ar"})
_FOLDER = Path(__file__).parent / "languages"
# RFC 9110: `de-AT;q=0.8`. A header holds few; more is none of a browser's.
_ACCEPTED = re.compile(r"([a-z]{2,3}|\*)(?:-[a-z0-9-]*)?(?:\s*;\s*q=([01](?:\.[0-9]{1,3})?))?", re.IGNORECASE)
_MOST_ACCEPTED = 50


@functools.cache
def words_of(language: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the words of a language: `{"page": {key: text}, "script": {key: text or {category: text}}}`.

    The page's `suggestions` are a list of texts. What the launcher says is in "widget", `{key: text}`.
    """
    words: dict[str, dict[str, Any]] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return words


def choose_language(offered: Sequence[str], wanted: str | None, accept_language: str | None) -> str:
    """Return the offered language for a visitor: the wanted one, one that the browser accepts, or the first.

    `wanted` is a code such as `de` or `de-AT`; `accept_language` is the header of that name.
    """
    candidates = [_base(wanted or ""), *_accepted(accept_language or "")]
    return next((code for code in candidates if code in offered), offered[0])


def _accepted(header: str) -> list[str]:
    """Return the codes of an Accept-Language header, the dearest first; `*` ends them."""
    ranges = [
        _ACCEPTED.fullmatch(part.strip()) for part in header.split(",", _MOST_ACCEPTED)[:_MOST_ACCEPTED]
    ]
    ranked = sorted((each for each in ranges if each), key=lambda each: -float(each[2] or 1))
    return [each[1].lower() for each in ranked if float(each[2] or 1) > 0]


def _base(code: str) -> str:
    return code.replace("_", "-").partition("-")[0].strip().lower()
