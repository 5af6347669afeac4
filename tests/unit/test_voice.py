"""What the assistant says without a model, in each language of the page."""

import re
from pathlib import Path
from typing import get_args

import pytest

from chalicelib.branding import LANGUAGES
from chalicelib.chat import voice
from chalicelib.chat.reading.small_talk import small_talk
from chalicelib.chat.voice import sentences_of
from chalicelib.domain.conversation import HandOverReason
from tests.scene import Scene

FOLDER = Path(voice.__file__).parent / "sentences"
ENGLISH = sentences_of("en")


def places(text: str) -> list[str]:
    return sorted(re.findall(r"{(\w+)}", text))


def test_each_file_is_a_language_of_the_page() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_all_of_it_with_the_same_places(language: str) -> None:
    said = sentences_of(language)
    assert list(said) == list(ENGLISH)
    assert all(text.strip() == text and places(text) == places(ENGLISH[key]) for key, text in said.items())
    assert language == "en" or not said.items() & ENGLISH.items() - {("ticket", ENGLISH["ticket"])}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_word_for_yes_is_understood_as_one(language: str) -> None:
    _, yes = re.findall(r"\*\*(.+?)\*\*", sentences_of(language)["offer_address"])
    said = small_talk(yes)
    assert said is not None
    assert said.kind == "agreement"


def test_every_reason_of_a_hand_over_has_words() -> None:
    assert set(get_args(HandOverReason)) <= ENGLISH.keys()


def test_a_hand_over_is_said_in_the_language_of_the_message(scene: Scene) -> None:
    told = scene.ask("Ich möchte mit einem Menschen sprechen", language="de")
    said = sentences_of("de")
    assert said["customer_request"] in told.answer
    assert told.answer.endswith(said["ask_for_address"])
    offered = scene.ask("jo@example.com", session_id=told.session_id, language="de")
    assert offered.answer == said["offer_address"].format(address="jo@example.com")
    kept = scene.ask("ja", session_id=told.session_id, language="de")
    assert kept.answer == said["kept_address"].format(address="jo@example.com")
