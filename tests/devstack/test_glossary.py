"""Questions in other languages, word by word: what is known of each in English, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.bedrock.search.languages import language_of
from devstack.bedrock.search.words import words_of


def said(question: str) -> list[str]:
    return [word.stems[0] for word in words_of(question)]


@pytest.mark.parametrize(
    ("question", "stems"),
    [
        ("Wie kündige ich mein Abonnement?", ["cancel", "subscript"]),
        ("Comment annuler l'abonnement ?", ["cancel", "subscript"]),
        ("¿Cómo cancelo la suscripción?", ["cancel", "subscript"]),
        ("Como cancelo o meu pedido?", ["cancel", "order"]),
        ("Come annullo l'abbonamento?", ["cancel", "subscript"]),
        ("Hoe annuleer ik de bestelling?", ["cancel", "order"]),
        ("Jak anulować subskrypcję?", ["cancel", "subscript"]),
        ("サブスクリプションを解約するには？", ["subscript", "cancel"]),
        ("如何取消订阅？", ["cancel", "subscript"]),
    ],
)
def test_reads_a_question_of_nine_languages_in_english(question: str, stems: list[str]) -> None:
    assert said(question) == stems


def test_reads_each_part_of_a_compound() -> None:
    assert said("Wie lautet die Rechnungsadresse unserer Firma?")[-3:] == ["bill", "address", "compani"]
    assert said("Kan ik mijn treinkaartje annuleren?") == ["treinkaartj", "card", "cancel"]


def test_a_word_may_also_be_said_as_it_is_written() -> None:
    (cancel, *_) = words_of("Wie kündige ich mein Abonnement?")
    assert cancel.stems[-1] == "kundig"
    (_, cancel) = words_of("サブスクリプションを解約するには？")
    assert cancel.stems[-1] == "解 約"


@pytest.mark.parametrize(
    ("question", "stem"),
    [
        ("wie kann ich das abo kuendigen", "cancel"),
        ("comment resillier mon contrat", "cancel"),
        ("jak anulowac subskrypcje", "subscript"),
        ("jak usunac haslo", "password"),
        ("怎麼取消訂閱", "subscript"),
    ],
    ids=["without umlauts", "a typing error", "without accents", "without strokes", "traditional characters"],
)
def test_reads_what_is_written_in_another_way(question: str, stem: str) -> None:
    assert stem in said(question)


def test_traditional_characters_are_searched_for_as_they_are_written() -> None:
    assert words_of("怎麼取消訂閱")[-1].stems[-1] == "訂 閱"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("kasse pin", "de"),
        ("senha", "pt"),
        ("versand kosten", "de"),
        ("Mi endpoint de webhook fue desactivado", "es"),
        ("chnage plan", "en"),
        ("vat number", "en"),
        ("how do i delete my tiktok", "en"),
        ("salutation", "en"),
        ("كيف webhook", "ar"),
    ],
)
def test_few_words_are_in_the_language_that_knows_them(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "question", ["Kann ich mein Florbo kündigen?", "Puis-je annuler mon Florbo ?", "Florboを解約するには？"]
)
def test_what_has_a_capital_letter_and_no_meaning_is_a_name(question: str) -> None:
    assert [word.text for word in words_of(question) if word.is_name] == ["florbo"]


def test_a_german_noun_that_has_a_meaning_is_no_name() -> None:
    assert not any(word.is_name for word in words_of("Wo finde ich meine Rechnung und den Vertrag?")[:1])


@given(st.text(max_size=200))
def test_any_question_is_read_as_words_that_can_be_searched_for(question: str) -> None:
    for word in words_of(question):
        assert word.stems
        assert all(stem and '"' not in stem for stem in word.stems)
