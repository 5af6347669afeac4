"""Put a language's words and a business's own into the chat page's markup, as text that is never markup."""

import html
import re
from collections.abc import Mapping, Sequence

from chalicelib.branding import Branding, in_language
from chalicelib.web.colors import USUAL_COLOR, ink_on, plain
from chalicelib.web.languages import RIGHT_TO_LEFT, words_of

Texts = Mapping[str, str | Sequence[str]]

_PLACE = re.compile(r"{{#(?P<list>\w+)}}(?P<body>.*?){{/(?P=list)}}|{{(?P<one>\w+)}}", re.DOTALL)


def fill(template: str, texts: Texts) -> str:
    """Fill a template's `{{places}}` with texts.

    What stands in `{{#place}}…{{/place}}` is there once for each text of a list, which is `{{item}}` in it.
    Raises KeyError for a place that there is no text for.
    """

    def filled(place: re.Match[str]) -> str:
        if name := place["list"]:
            return "".join(fill(place["body"], {**texts, "item": text}) for text in texts[name])
        return html.escape(str(texts[place["one"]]))

    return _PLACE.sub(filled, template)


def texts_of(language: str, branding: Branding) -> Texts:
    """Return what the chat page says in a language, by its places."""
    words = words_of(language)["page"]
    suggestions = in_language(branding.suggestions, language)
    color = plain(branding.color or USUAL_COLOR)
    return {
        **words,
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "iconFill": color.lstrip("#"),
        "iconInk": ink_on(color).lstrip("#"),
        "name": branding.name or words["name"],
        "greeting": in_language(branding.greeting, language) or words["greeting"],
        # None of them is a choice as well.
        "suggestions": words["suggestions"] if suggestions is None else suggestions,
        "hours": _if_any(in_language(branding.hours, language)),
        "privacyUrl": _if_any(branding.privacy_url),
        "logo": _if_any(branding.logo_url),
    }


def _if_any(text: str | None) -> tuple[str, ...]:
    return (text,) if text else ()
