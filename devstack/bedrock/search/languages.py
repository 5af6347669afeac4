"""The languages of questions and articles: which one a text is in, and its words without a subject."""

import threading
from functools import cache, lru_cache

import stopwordsiso
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from spellchecker import SpellChecker

from devstack.bedrock.search.glossary import english_stems, entries_of
from devstack.bedrock.search.text import is_content, is_filler, raw_words, stem

ENGLISH = "en"
CHINESE = "zh"
ARABIC = "ar"
LANGUAGES = (ENGLISH, "de", "fr", "es", "pt", "it", "nl", "pl", "ja", CHINESE, ARABIC)
WITHOUT_GLOSSARY = (ARABIC,)
"""Only the embedding model reads their words."""
UNSPACED = ("ja", CHINESE)
"""Those that are written without spaces."""
_LEAST_CONFIDENCE = 0.5
_CONFIDENCE_ENOUGH = 0.8
_WORDS_TO_COUNT = 12
_LEAST_SHARE_KNOWN = 0.5
_TELLING_CHARACTERS = 600


def warm_up() -> None:
    """Read in the background what the first question would wait half a second for."""
    threading.Thread(target=_read_tables, daemon=True).start()


def _read_tables() -> None:
    _identifier()
    english_words()
    for language in LANGUAGES:
        entries_of(language)
        stop_words(language)


@lru_cache(maxsize=1024)
def language_of(text: str) -> str:
    """Return the code of a text's language, one of LANGUAGES.

    Of a few words the letters tell little: then it is the language that most of them are known in.
    """
    language, confidence = _identifier().classify(text[:_TELLING_CHARACTERS])
    if confidence >= _CONFIDENCE_ENOUGH:
        return str(language)
    known = {each: _known_words(text, each) for each in LANGUAGES}
    if confidence >= _LEAST_CONFIDENCE:
        return str(language) if known[language] >= known[ENGLISH] else ENGLISH
    best = max(LANGUAGES, key=lambda each: (known[each], each == ENGLISH, each == language))
    return best if known[best] > _LEAST_SHARE_KNOWN * len(_first_words(text)) else ENGLISH


def _first_words(text: str) -> list[str]:
    return raw_words(text)[:_WORDS_TO_COUNT]


def _known_words(text: str, language: str) -> int:
    """Return how many of a text's first words are everyday ones of a language."""
    words = _first_words(text)
    if language == ENGLISH:
        return sum(
            not is_content(word) or is_filler(stem(word)) or stem(word) in english_stems() for word in words
        )
    entries, ignored = entries_of(language), stop_words(language)
    return sum(word in ignored or entries.knows(word) for word in words)


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
