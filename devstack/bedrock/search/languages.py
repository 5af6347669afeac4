"""The languages of questions and articles: which one a text is in, and its words without a subject."""

from functools import cache, lru_cache

import stopwordsiso
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from spellchecker import SpellChecker

from devstack.bedrock.search.text import raw_words

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh")
UNSPACED = ("ja", "zh")
"""Those that are written without spaces."""
_LEAST_CONFIDENCE = 0.5
"""Below it a text, such as a single word or a name, counts as English."""
_TELLING_CHARACTERS = 600


@lru_cache(maxsize=1024)
def language_of(text: str) -> str:
    """Return the code of a text's language, one of LANGUAGES."""
    language, confidence = _identifier().classify(text[:_TELLING_CHARACTERS])
    return str(language) if confidence >= _LEAST_CONFIDENCE else ENGLISH


def is_english(word: str) -> bool:
    """Tell whether English has a word, in lower case; names of people and products are none."""
    return word in english_words()


@cache
def english_words() -> SpellChecker:
    """Return the words of English, with those that are nearly one."""
    return SpellChecker("en", distance=1)


@cache
def stop_words(language: str) -> frozenset[str]:
    """Return a language's words without a subject, in lower case and without accents."""
    return frozenset(word for entry in stopwordsiso.stopwords(language) for word in raw_words(entry))


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
