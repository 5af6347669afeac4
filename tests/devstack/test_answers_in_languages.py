"""The stand-in's model with search by meaning: other languages, typos, sections, a customer's own orders."""

import pytest

from devstack.bedrock.model.evidence import NumberedPassage
from devstack.bedrock.model.extractive import reply
from devstack.bedrock.model.facts import CustomerFacts, facts_in
from devstack.bedrock.model.question import Question
from devstack.bedrock.model.trust import WEIGHTS
from devstack.bedrock.search.index import Index
from devstack.bedrock.search.local_embedder import LocalEmbedder

ARTICLES = {
    "Create, rotate and revoke API keys": "# Create, rotate and revoke API keys\n\nCreate an API key under "
    "**Settings**. An API key is shown only once.\n\n## Rotate a key\n\nPress **Rotate** next to the key and "
    "copy the new one.\n\n## Revoke a key\n\nPress **Revoke** next to the key.",
    "Reset your password": "To set a new password, press **Forgot password** on the sign-in page.",
    "Delivery prices": "# Delivery prices\n\n| Zone | Up to 10 kg | Time |\n|---|---|---|\n"
    "| Zone 46 | 47.40 EUR | 2 days |\n| Zone 47 | 56.90 EUR | 6 days |",
    "Rücksendung": "Eine Rücksendung ist innerhalb von 30 Tagen kostenlos. Den Aufkleber drucken Sie selbst.",
}
FACTS = CustomerFacts(
    ("- TW-2, 2026-11-02, shipped, 20.00 EUR: scanner", "- TW-1, 2026-10-01, delivered"), ()
)


@pytest.fixture(scope="module")
def index() -> Index:
    index = Index(None, LocalEmbedder())
    for title, text in ARTICLES.items():
        index.put(title, "1", title, text, {"title": title})
    return index


def answer(index: Index, question: str, facts: CustomerFacts | None = None) -> str:
    hits = index.search(question, 5)
    passages = [NumberedPassage(n, str(hit.metadata["title"]), hit.text) for n, hit in enumerate(hits, 1)]
    given = reply(question, [], passages, index, may_hand_over=True, facts=facts)
    assert isinstance(given, str)
    return given


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Muss ich den Sticker drucken?", "aufkleb"),
        ("Onde encontro os adesivos?", "aufkleb"),
    ],
)
def test_a_word_that_no_glossary_has_is_read_as_what_the_articles_say(
    index: Index, question: str, said: str
) -> None:
    assert said in {stem for word in index.words(question) for stem in word.stems}


def test_a_word_is_strange_that_is_everyday_and_in_no_article(index: Index) -> None:
    hotel, copy = index.strangeness_of_words(["hôtel", "copier"])
    assert hotel > 0.9 > 0.5 > copy


def test_what_only_an_erased_article_said_is_strange(index: Index) -> None:
    index.put("dogs", "1", "Dogs", "Bring your dog.", {"title": "Dogs"})
    (before,) = index.strangeness_of_words(["Hund"])
    index.remove("dogs")
    (after,) = index.strangeness_of_words(["Hund"])
    assert before < after


def test_a_word_that_no_table_reads_weighs_less_than_one_of_another_subject(index: Index) -> None:
    asked = Question.of("Ma collègue bricolait à l'hôtel", [], index)
    weights = {word.text: word.weight for word in asked.words}
    assert weights["bricolait"] < weights["hôtel"]


def test_a_character_alone_is_no_everyday_subject(index: Index) -> None:
    assert Question.of("子", [], index).strangeness < 1 < Question.of("子犬", [], index).strangeness


def test_a_word_is_alike_to_what_a_text_says_in_another_language(index: Index) -> None:
    password, dog = index.likeness_of_words(["Passwort", "Hund"], "Press **Forgot password**.")
    assert password > 0.8 > 0.5 > dog


def test_what_speaks_for_an_answer_never_speaks_against_it() -> None:
    weights = WEIGHTS._asdict()
    assert weights.pop("strangeness") < 0 < min(weights.values())


@pytest.mark.parametrize(
    "question",
    [
        "Kann ich meine Flugreise stornieren?",
        "ホテルの鍵をなくしました",
        "Puis-je annuler ma chambre d'hôtel ?",
    ],
)
def test_a_near_subject_of_somebody_else_is_refused(index: Index, question: str) -> None:
    assert "[1]" not in answer(index, question)


@pytest.mark.parametrize(
    ("question", "announced"),
    [
        ("Ich habe mein Passwort vergessen", "hier auf Englisch zitiert:"),
        ("J'ai oublié mon mot de passe", "cité en anglais :"),
        ("パスワードを忘れました", "英語の引用"),
        ("نسيت كلمة المرور", "مقتبسًا بالإنجليزية:"),
    ],
)
def test_an_english_article_is_announced_as_a_quotation(index: Index, question: str, announced: str) -> None:
    said = answer(index, question)
    assert announced in said.splitlines()[0]
    assert "press **Forgot password**" in said


def test_an_article_in_the_language_of_the_question_is_quoted_as_it_is(index: Index) -> None:
    said = "Eine Rücksendung ist innerhalb von 30 Tagen kostenlos."
    assert answer(index, "Wie lange ist die Rücksendung kostenlos?").startswith(said)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Wer hat die Mona Lisa gemalt?", "Leider"),
        ("Quelle est la capitale de la France ?", "Désolé"),
        ("من رسم الموناليزا؟", "عذرًا"),
        ("Who painted the Mona Lisa?", "I'm sorry"),
    ],
)
def test_a_refusal_is_in_the_language_of_the_question(index: Index, question: str, said: str) -> None:
    assert answer(index, question).startswith(said)
    assert answer(index, question).endswith("[0]")


def test_the_section_that_answers_is_quoted(index: Index) -> None:
    assert "Press **Rotate**" in answer(index, "how to rotate an API key")
    assert "Press **Revoke**" in answer(index, "how do I revoke an API key?")


def test_a_typo_is_forgiven_and_nonsense_is_not(index: Index) -> None:
    assert "Forgot password" in answer(index, "forgot my pasword")
    assert answer(index, "frgl my passwurstbrot").endswith("[0]")


@pytest.mark.parametrize(
    "question",
    [
        "How do I reset my Florbo password?",
        "Wie setze ich mein Florbo-Passwort zurück?",
        "Comment réinitialiser mon mot de passe Florbo ?",
        "Florboのパスワードを忘れました",
    ],
)
def test_what_a_question_names_has_to_stand_in_the_article(index: Index, question: str) -> None:
    assert answer(index, question).endswith("[0]")


def test_an_everyday_subject_is_strange_unless_an_article_is_about_it(index: Index) -> None:
    question = "Can I cancel my gym membership?"
    assert index.strangeness(question) > 0.3 > index.strangeness("How do I rotate an API key?")
    gym = Index(None, LocalEmbedder())
    gym.put("gym", "1", "Our gym", "Fitness, diets and calories: what members of our gym ask.", {})
    assert gym.strangeness(question) < index.strangeness(question)


def test_a_row_is_matched_by_its_key_with_the_names_of_its_columns(index: Index) -> None:
    said = answer(index, "What does delivery cost for zone 47 up to 10 kg?")
    assert said.startswith("**Zone 47** – Up to 10 kg: 56.90 EUR; Time: 6 days")
    assert answer(index, "What does delivery cost for zone 58 up to 10 kg?").endswith("[0]")


@pytest.mark.parametrize(
    "question",
    [
        "What did I order last?",
        "Has my order shipped yet?",
        "status of my last purchase",
        "Wo ist meine Bestellung?",
        "我的订单在哪里？",
    ],
)
def test_a_proven_customer_is_shown_the_latest_order(index: Index, question: str) -> None:
    said = answer(index, question, FACTS)
    assert "TW-2" in said
    assert "TW-1" not in said
    assert "TW-2" not in answer(index, question)


def test_of_an_order_with_a_number_only_that_one_is_shown(index: Index) -> None:
    facts = CustomerFacts(("- TW-20002, 2026-11-02, shipped", "- TW-20001, 2026-10-01, delivered"), ())
    said = answer(index, "Has my order TW20001 shipped yet?", facts)
    assert "TW-20001" in said
    assert "TW-20002" not in said
    assert "TW-2" not in answer(index, "Has my order TW-99999 shipped yet?", facts)


@pytest.mark.parametrize(
    "question",
    [
        "How do I rotate an API key?",
        "How do I cancel my order?",
        "My order has not come",
        "Can I change my order?",
    ],
)
def test_a_question_about_orders_in_general_is_not_about_the_customers_own(
    index: Index, question: str
) -> None:
    assert "TW-2" not in answer(index, question, FACTS)


def test_a_customers_open_tickets_are_told_from_their_orders(index: Index) -> None:
    assert "no open tickets" in answer(index, "Do I have open tickets?", FACTS)


def test_facts_are_read_as_the_application_writes_them() -> None:
    text = (
        "<customer>\nName: A &amp; B\nTier: standard\nOrders, newest first:\n- TW-2, 2026-11-02: "
        "scanner &lt;3\nOpen tickets, newest first:\nnone\n</customer>"
    )
    assert facts_in(["<passages></passages>", text]) == CustomerFacts(("- TW-2, 2026-11-02: scanner <3",), ())
    assert facts_in(["<passages></passages>"]) is None
