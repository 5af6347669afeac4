"""The meaning of chunks, and the small model on this machine that knows it."""

import pytest

from devstack.bedrock.search.index import Index
from devstack.bedrock.search.local_embedder import LocalEmbedder
from devstack.bedrock.search.meaning import texts_to_embed

ARTICLES = {
    "password": "To set a new password, press **Forgot password** on the sign-in page.",
    "delivery": "A parcel arrives within three working days after it was shipped.",
    "invoice": "Download an invoice under Billing. It is sent on the first of each month.",
}


@pytest.fixture(scope="module")
def index() -> Index:
    index = Index(None, LocalEmbedder())
    for name, text in ARTICLES.items():
        index.put(name, "1", name.title(), text, {})
    return index


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("Ich habe mein Kennwort vergessen", "password"),
        ("Quand mon colis sera-t-il livré ?", "delivery"),
        ("請求書はどこですか", "invoice"),
        ("when does my package come", "delivery"),
    ],
)
def test_a_question_in_other_words_or_another_language_finds_the_article(
    index: Index, question: str, article: str
) -> None:
    assert index.search(question, 1)[0].uri == article


def test_rows_that_differ_in_numbers_alone_are_embedded_once() -> None:
    rows = "\n".join(f"| HM-{number} | {number}.90 EUR |" for number in range(50))
    whole, title, rows_alone = texts_to_embed("Prices", f"| Code | Price |\n|---|---|\n{rows}")
    assert whole.count("EUR") == rows_alone.count("EUR") == 1
    assert title == "Prices"


def test_a_heading_is_embedded_with_the_title_of_its_document() -> None:
    assert "Returns: Who pays?" in texts_to_embed("Returns", "# Who pays?\n\nWe do.")


def test_the_same_text_has_the_same_vector_however_it_is_asked() -> None:
    embedder = LocalEmbedder()
    alone = embedder.embed(["refund"])[0]
    assert embedder.embed(["parcel", "refund"])[1] == pytest.approx(alone, abs=1e-5)
