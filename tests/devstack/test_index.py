"""The local index: what it finds, in which order, and what it survives."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstack.bedrock.search.index import Index
from devstack.bedrock.search.words import words_of

ARTICLES = {
    "reset": (
        "Reset your password",
        "Open the sign-in page and choose Forgot password. A link comes by email.",
    ),
    "invoice": (
        "Download invoices",
        "Open Billing. Every invoice is a PDF. Paid invoices stay for ten years.",
    ),
    "parcel": (
        "Late parcels",
        "If a parcel is late, ask the carrier. Parcels to islands take a week longer.",
    ),
    "plans": ("Plans", "Change the plan under Billing. The password stays the same."),
}


def filled() -> Index:
    index = Index(None)
    for uri, (title, text) in ARTICLES.items():
        index.put(uri, f"etag-{uri}", title, text, {"title": title, "kind": uri[0]})
    return index


@pytest.fixture
def index() -> Iterator[Index]:
    index = filled()
    yield index
    index.close()


SHARED = filled()
"""Only read."""


def found(index: Index, query: str, limit: int = 5) -> list[str]:
    return [hit.uri for hit in index.search(query, limit)]


@pytest.mark.parametrize(
    ("query", "uri"),
    [
        ("How do I reset my password?", "reset"),
        ("resetting passwords", "reset"),
        ("pasword reset", "reset"),
        ("signing in", "reset"),
        ("where are my receipts", "invoice"),
        ("my package is delayed", "parcel"),
        ("PAKET parcel 🦄", "parcel"),
    ],
)
def test_finds_words_in_other_forms_misspelled_and_by_synonyms(index: Index, query: str, uri: str) -> None:
    assert found(index, query)[0] == uri


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("i cant rest my pasword", "i cant rest my password"),
        ("Resett the password", "reset the password"),
        ("where is my parcle", "where is my parcel"),
        ("chnage plan", "change plan"),
        ("is it possible for every plane", "is it possible for every plane"),
        ("does it work with Pasword?", "does it work with Pasword?"),
        (
            "write to pasword@shop.example or see pasword.html",
            "write to pasword@shop.example or see pasword.html",
        ),
        ("wo ist mein pasword geblieben", "wo ist mein pasword geblieben"),
        ("the pass-wort x-pasword isn't right", "the pass-wort x-pasword isn't right"),
    ],
)
def test_corrects_what_neither_the_articles_nor_english_know(index: Index, typed: str, meant: str) -> None:
    assert index.spelled_right(typed) == meant


def test_the_word_itself_ranks_above_its_synonym() -> None:
    index = Index(None)
    index.put("synonym", "1", "Bills", "Your receipt comes by post.", {})
    index.put("word", "1", "Bills", "Your invoice comes by post.", {})
    assert found(index, "invoice") == ["word", "synonym"]
    index.close()


@pytest.mark.parametrize("query", ["", "   ", "the of and", "?!", "zzzzqqq", "\0", "x" * 4000])
def test_finds_nothing_for_a_query_without_a_known_word(query: str) -> None:
    assert SHARED.search(query, 5) == []


def test_a_hit_carries_the_text_and_metadata_of_its_document(index: Index) -> None:
    hit = index.search("late parcel", 1)[0]
    assert hit.text == ARTICLES["parcel"][1]
    assert hit.metadata == {"title": "Late parcels", "kind": "p"}
    assert hit.chunk_id


def test_a_condition_on_the_metadata_comes_before_the_limit(index: Index) -> None:
    hits = index.search("password", 1, where=lambda metadata: metadata["kind"] == "p")
    assert [hit.uri for hit in hits] == ["plans"]


def test_scores_compare_between_questions(index: Index) -> None:
    whole = index.search("reset password", 1)[0].score
    half = index.search("reset dishwasher", 1)[0].score
    assert 0 < half < whole <= 1


def test_words_of_asking_count_less_than_the_subject() -> None:
    index = Index(None)
    index.put("asking", "1", "Notes", "What you need to try.", {})
    index.put("subject", "1", "Notes", "What a refund is.", {})
    assert found(index, "I need to try a refund") == ["subject", "asking"]
    index.close()


def test_words_side_by_side_rank_above_the_same_words_apart() -> None:
    index = Index(None)
    index.put("apart", "1", "Notes", "Gift for a friend, who pays with the usual kind of card.", {})
    index.put("close", "1", "Notes", "Pays for a friend, who likes the usual kind of gift card.", {})
    assert found(index, "gift card") == ["close", "apart"]
    index.close()


def test_a_name_is_found_where_it_is_only_mentioned() -> None:
    index = Index(None)
    index.put("mention", "1", "Other programs", "Sales go to your books. " * 60 + "Takes Quickbooks.", {})
    index.put("subject", "1", "Sellers at work", "How sellers work: a seller works, and sales work.", {})
    assert found(index, "does quickbooks work for sales?")[0] == "mention"
    index.close()


def test_a_code_is_found_in_a_long_table_of_such(index: Index) -> None:
    rows = "\n".join(f"| GL-{number} | {number} mm |" for number in range(100, 400))
    index.put("pipes", "1", "Pipes", f"| Pipe | Width |\n|---|---|\n{rows}", {})
    index.put("costs", "1", "What delivery costs", "Delivery costs 5 euros, what is sent by air costs 9.", {})
    assert "GL-217" in index.search("What does GL-217 cost?", 1)[0].text


def test_a_word_that_stands_once_in_a_long_document_is_found(index: Index) -> None:
    index.put("ledger", "1", "Ledger", "Parcel and invoice.\n\n" * 3000 + "The Zelkova code is 7781.", {})
    best = index.search("What is the Zelkova code?", 1)[0]
    assert (best.uri, "7781" in best.text) == ("ledger", True)


def test_what_a_chunk_leaves_out_may_be_next_to_it_but_not_further_away() -> None:
    index = Index(None)
    filler = "word " * 450
    index.put("far", "1", "Soup", "\n\n".join(["Carrots.", filler, filler, filler, "Onions."]), {})
    index.put("near", "1", "Soup", "\n\n".join([filler, f"{filler} Carrots.", f"Onions. {filler}"]), {})
    assert found(index, "carrots and onions", 1) == ["near"]
    index.close()


def test_the_first_three_hits_are_of_different_documents() -> None:
    index = Index(None)
    long = "\n\n".join(
        f"Refund rule number {number}. " + "Refunds take some days. " * 40 for number in range(8)
    )
    index.put("long", "1", "Refund rules", long, {})
    for name in ("one", "two", "three"):
        index.put(name, "1", "Orders", "An order can be a refund. Look at it in the list of orders.", {})
    uris = found(index, "refund rule", 6)
    assert uris[0] == "long"
    assert len(set(uris[:3])) == 3
    assert uris.count("long") > 1
    index.close()


def test_putting_again_replaces_a_document(index: Index) -> None:
    index.put("reset", "new", "Greetings", "Nothing but a salutation.", {})
    assert index.etags()["reset"] == "new"
    assert found(index, "forgot link sign-in page") == []
    assert found(index, "salutation") == ["reset"]


def test_removing_a_document_removes_all_of_it(index: Index) -> None:
    index.remove("reset")
    index.remove("never there")
    assert set(index.etags()) == {"invoice", "parcel", "plans"}
    assert found(index, "reset forgot") == []


def test_a_document_that_cannot_be_written_leaves_the_old_one(index: Index) -> None:
    with pytest.raises(TypeError):
        index.put("reset", "new", "Reset", "Text", {"not json": object()})
    assert index.etags()["reset"] == "etag-reset"
    assert found(index, "reset password")[0] == "reset"


def test_a_rare_word_weighs_more_than_a_common_one_and_an_unseen_one_most(index: Index) -> None:
    assert 0 < index.rarity("password") < index.rarity("island") < index.rarity("giraff")


def test_survives_closing_and_opening(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "index.db"
    first = Index(path)
    first.put("a", "1", "Title", "Some text about cheese.", {"k": [1, "ü"]})
    first.close()
    second = Index(path)
    assert second.etags() == {"a": "1"}
    assert second.search("cheese", 1)[0].metadata == {"k": [1, "ü"]}
    second.close()


def of_another_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 999")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"not a database" * 100),
        lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(2000)),
        of_another_schema,
    ],
    ids=["empty", "text", "damaged", "another schema"],
)
def test_a_file_that_cannot_be_used_is_replaced(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    path = tmp_path / "index.db"
    spoil(path)
    index = Index(path)
    assert index.etags() == {}
    index.put("a", "1", "Title", "Text", {})
    index.close()


def test_threads_share_an_index(index: Index) -> None:
    def write_and_search(name: str) -> bool:
        for number in range(15):
            index.put(name, str(number), "Cheese", f"Cheese number {number}", {})
            if name not in found(index, "cheese", 20):
                return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert all(pool.map(write_and_search, "abcde"))


QUERIES = st.text(max_size=200) | st.text(
    alphabet=st.sampled_from("\"'*()^:+-{}[]~NEAR AND OR NOT password\0\n🦄é漢"), max_size=200
)


@given(QUERIES)
@settings(deadline=None)
def test_no_query_breaks_the_search(query: str) -> None:
    hits = SHARED.search(query, 10)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert len({hit.chunk_id for hit in hits}) == len(hits)
    assert all(SHARED.rarity(stem) >= 0 for word in words_of(query) for stem in word.stems)


@given(st.text(max_size=300), st.text(max_size=300))
@settings(deadline=None)
def test_any_text_can_be_indexed(title: str, text: str) -> None:
    index = Index(None)
    index.put("a", "1", title, text, {})
    assert index.etags() == {"a": "1"}
    index.search(text, 3)
    index.close()
