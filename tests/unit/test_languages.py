"""The chat page's languages: which one a visitor gets, and that each has all of its words."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chalicelib.branding import LANGUAGES
from chalicelib.chat.reading.person_request import asks_for_a_person
from chalicelib.chat.voice import sentences_of
from chalicelib.web import languages
from chalicelib.web.languages import choose_language, words_of

WEB = Path(languages.__file__).parent
PLURALS = {
    **{code: {"one", "other"} for code in ("en", "de", "nl")},
    **{code: {"one", "many", "other"} for code in ("fr", "es", "pt", "it")},
    "pl": {"one", "few", "many", "other"},
    "ja": {"other"},
    "ar": {"zero", "one", "two", "few", "many", "other"},
}
"""The plural categories of each language, by Unicode's CLDR."""
OF_THE_STAGE = {"language", "direction", "iconFill", "iconInk", "hours", "privacyUrl", "logo", "item"}
"""Places of the markup that no language fills."""
EXACT = {"zero", "one", "two"}
"""Categories whose words may say the number themselves."""

others = pytest.mark.parametrize("language", LANGUAGES[1:])
all_of_them = pytest.mark.parametrize("language", LANGUAGES)


def texts(language: str) -> Iterator[tuple[str, str, str]]:
    """Return each text with its key and its plural category, which is "" where it has none."""
    for part in words_of(language).values():
        for key, words in part.items():
            forms = words if isinstance(words, Mapping) else {"": words}
            for category, said in forms.items():
                yield from ((key, category, text) for text in ([said] if isinstance(said, str) else said))


def places(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def test_each_file_is_a_language_that_is_offered() -> None:
    assert {path.stem for path in (WEB / "languages").iterdir()} == set(LANGUAGES) == set(PLURALS)


@others
def test_a_language_has_the_keys_of_english_in_their_order(language: str) -> None:
    keys = {part: list(words) for part, words in words_of(language).items()}
    assert keys == {part: list(words) for part, words in words_of("en").items()}


@all_of_them
def test_no_text_is_empty_or_has_space_around_it(language: str) -> None:
    assert all(text and text == text.strip() for _, _, text in texts(language))


def test_no_line_of_french_begins_with_a_sign() -> None:
    assert not [text for _, _, text in texts("fr") if re.search(" [:;!?]", text)]
    assert not [text for text in sentences_of("fr").values() if re.search(" [:;!?]", text)]


@others
def test_a_text_has_the_places_of_the_english_one(language: str) -> None:
    english = {key: places(text) for key, _, text in texts("en")}
    for key, category, text in texts(language):
        missing = english[key] - places(text)
        assert places(text) <= english[key], key
        assert not missing or (category in EXACT and missing == {"count"}), key


@all_of_them
def test_plural_forms_are_those_that_the_language_has(language: str) -> None:
    found: dict[str, set[str]] = {}
    for key, category, _ in texts(language):
        found.setdefault(key, set()).add(category)
    assert all(categories in ({""}, PLURALS[language]) for categories in found.values())


@others
def test_what_is_said_in_both_parts_is_said_the_same(language: str) -> None:
    page, script = words_of(language)["page"], words_of(language)["script"]
    assert all(page[key] == script[key] for key in page.keys() & script.keys())


def test_the_page_says_every_word_that_there_is_and_no_other() -> None:
    markup = (WEB / "chat.html").read_text("utf-8")
    used = set(re.findall(r"{{#?(\w+)}}", markup))
    assert used - set(words_of("en")["page"]) == OF_THE_STAGE
    assert set(words_of("en")["page"]) - used == set()


def test_the_scripts_say_every_word_that_there_is_and_no_other() -> None:
    scripts = [*WEB.glob("*.js"), *WEB.glob("person/*.js"), *WEB.glob("widget/*.js")]
    quoted = {name for path in scripts for name in re.findall(r"'(\w+)'", path.read_text("utf-8"))}
    said = {name for path in scripts for name in re.findall(r"\bsay\('(\w+)'", path.read_text("utf-8"))}
    known = set(words_of("en")["script"])
    assert known - quoted == set()
    assert said - known == set()


@all_of_them
def test_the_button_for_a_person_is_understood_by_the_chat(language: str) -> None:
    asking = words_of(language)["script"]["askForPerson"]
    assert words_of(language)["page"]["suggestions"][-1] == asking
    assert asks_for_a_person(asking)


@pytest.mark.parametrize(
    ("wanted", "accepted", "chosen"),
    [
        (None, None, "en"),
        ("de", "fr", "de"),
        ("PT-BR", None, "pt"),
        ("pt_BR", None, "pt"),
        ("xx", "fr", "fr"),
        ("", "", "en"),
        (None, "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        (None, "da, en;q=0.8, de;q=0.9", "de"),
        (None, "ar-EG", "ar"),
        (None, "zh-Hant-TW, ja;q=0.4", "ja"),
        (None, "de;q=0, nl;q=0.1", "nl"),
        (None, "*", "en"),
        (None, "de;q=high, <script>, ;;, pl;q=0.001", "pl"),
        (None, "d" * 9_000, "en"),
        ("../de", None, "en"),
    ],
)
def test_a_visitor_gets_the_language_that_is_wanted_or_accepted(
    wanted: str | None, accepted: str | None, chosen: str
) -> None:
    assert choose_language(LANGUAGES, wanted, accepted) == chosen


def test_a_language_that_is_not_offered_is_not_chosen() -> None:
    assert choose_language(("fr", "de"), "en", "it, de;q=0.1") == "de"
    assert choose_language(("fr", "de"), "en", "it") == "fr"
