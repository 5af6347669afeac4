"""Build the script that puts the chat on other sites: a launcher, and the page in a frame, once opened."""

import functools
import json
from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.branding import NEUTRAL, Branding
from chalicelib.web.colors import USUAL_COLOR, plain
from chalicelib.web.files import read_file
from chalicelib.web.languages import RIGHT_TO_LEFT, words_of

FILES = ("site.js", "panel.js", "talk.js", "start.js")
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Type": "text/javascript; charset=utf-8",
        # Sites name it without a version: after a deployment the old one lives on for so long at the most.
        "Cache-Control": "public, max-age=600",
        # For sites that load nothing from elsewhere but what says that it may be.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
)


@functools.cache
def launcher_script(branding: Branding = NEUTRAL) -> str:
    """Return the script in a business's look: one function, of which nothing is a global of the site."""
    given = {
        "LANGUAGES": {language: words_of(language)["widget"] for language in branding.languages},
        "BRAND": {"name": branding.name, "color": plain(branding.color or USUAL_COLOR)},
        "RIGHT_TO_LEFT": sorted(RIGHT_TO_LEFT),
        "STYLE": read_file("widget/launcher.css"),
    }
    constants = [f"const {name} = {_literal(value)};" for name, value in given.items()]
    parts = [read_file(f"widget/{name}").removeprefix("'use strict';\n") for name in FILES]
    body = "\n".join(["'use strict';", *constants, *parts])
    return f"(() => {{\n{body}}})();\n"


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
