"""What the assistant says without a model, in the languages of the page: `sentences/<code>.json`."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.branding import LANGUAGES

_FOLDER = Path(__file__).parent / "sentences"


@functools.cache
def sentences_of(language: str) -> Mapping[str, str]:
    """Return the sentences of a language; a text may have `{places}`."""
    sentences: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return sentences


@dataclass(frozen=True)
class Voice:
    """How the assistant speaks to a customer: in which language, and what it says of the support hours."""

    language: str = LANGUAGES[0]
    support_hours: str = ""

    def say(self, key: str, **values: str) -> str:
        """Return a sentence with its places filled."""
        return sentences_of(self.language)[key].format(**values)
