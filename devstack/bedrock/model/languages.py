"""The languages that the extractive model speaks: which one a text is in, and its fixed sentences."""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import stopwordsiso
import yaml
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from devstack.bedrock.search.text import raw_words

ENGLISH = "en"
_LEAST_CONFIDENCE = 0.5
"""Below it a text, such as a single word or a name, counts as English."""
_TELLING_CHARACTERS = 600
_SENTENCES: Mapping[str, Mapping[str, str]] = yaml.safe_load(
    Path(__file__).with_name("sentences.yaml").read_text(encoding="utf-8")
)


@lru_cache(maxsize=1024)
def language_of(text: str) -> str:
    """Return the code of a text's language, one of those that there are sentences in."""
    language, confidence = _identifier().classify(text[:_TELLING_CHARACTERS])
    return str(language) if confidence >= _LEAST_CONFIDENCE else ENGLISH


def sentence(key: str, language: str) -> str:
    """Return one of the fixed sentences."""
    return _SENTENCES[key][language]


@cache
def stop_words(language: str) -> frozenset[str]:
    """Return a language's words without a subject, in lower case and without accents."""
    return frozenset(word for entry in stopwordsiso.stopwords(language) for word in raw_words(entry))


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_SENTENCES["no_answer"]))
    return identifier
