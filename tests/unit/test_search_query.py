"""What is looked up: a question by itself, a follow-up with what it follows."""

from collections.abc import Sequence

import pytest

from chalicelib.chat.reading.questions import MOST_CHARS, is_follow_up
from chalicelib.chat.search_query import search_queries, ticket_queries
from chalicelib.domain.conversation import Citation, Exchange
from tests.builders import exchange_at, ticket
from tests.fakes import START

RESET = exchange_at(START)
TITLES = tuple(Citation(n, f"Title {n}", None, "", 0.5) for n in (1, 2, 3))


def asked(question: str, *cited: Citation) -> Exchange:
    return exchange_at(START, question=question, citations=cited)


def search_query(question: str, earlier: Sequence[Exchange]) -> str:
    (query,) = search_queries(question, earlier)
    return query


FOLLOW_UPS = [
    "and if it never arrives?",
    "And what if the mail never arrives?",
    "and what if the mail with the reset link never arrives in my inbox?",
    "What if the mail never arrives?",
    "what about annual plans?",
    "How about Android phones and tablets?",
    "But I have no phone any more, what do I do then?",
    "Or by bank transfer?",
    "ok, and on Android?",
    "Thanks! And for teams?",
    "Yes, but where exactly is the button?",
    "it did not arrive",
    "That didn't work",
    "How long is it valid?",
    "How do I cancel this?",
    "Where do I find them?",
    "Can they see mine?",
    "Which one is cheaper?",
    "What does it cost?",
    "why?",
    "How long?",
    "really?",
    "for how long?",
    "On Android?",
    "How long does it take on weekends?",
    "Und wenn die Mail nie ankommt?",
    "Was ist mit Jahresplänen?",
    "¿Y si no llega el correo?",
    "Et si le mail n'arrive jamais ?",
    "E se non arriva mai la mail?",
]
QUESTIONS = [
    "How do I reset my password?",
    "Where can I download my invoices?",
    "How long does it take to get a refund?",
    "Is it possible to export my data?",
    "Is there a student discount?",
    "There's a wrong name on my invoice",
    "Where is my order?",
    "how to unsubscribe",
    "What is SSO?",
    "my invoice address is outdated, where do I edit it?",
    "Are there limits on API calls?",
    "E-mail verification link expired, how do I get another?",
    "One-time password not arriving on phone",
    "How do I know that my payment went through?",
    "I ordered a mug last week and it has not arrived, where can I see the delivery status?",
    "Our team wants single sign-on with Okta, which plan do we need for that?",
    "How do I change the billing address on an invoice?",
    "Wie setze ich mein Passwort zurück?",
    "¿Cómo cambio mi dirección de facturación?",
    "パスワードをリセットするにはどうすればいいですか",
    "如何重置我的密码",
]


@pytest.mark.parametrize("question", FOLLOW_UPS)
def test_a_follow_up_goes_with_the_question_before_it(question: str) -> None:
    assert search_query(question, [RESET]).splitlines() == [question, RESET.question, "Reset"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_that_stands_by_itself_is_looked_up_by_itself(question: str) -> None:
    assert search_query(question, [RESET]) == question


@pytest.mark.parametrize("question", [*FOLLOW_UPS, *QUESTIONS])
def test_the_first_question_of_a_conversation_is_looked_up_as_it_is(question: str) -> None:
    assert search_query(question, []) == question


def test_a_chain_of_follow_ups_reaches_back_to_the_question_that_began_it() -> None:
    earlier = [
        asked("What do the plans cost a month?", TITLES[0]),
        asked("How do I reset my password?", TITLES[1]),
        asked("and if it never arrives?", TITLES[2]),
    ]
    assert search_query("why?", earlier).splitlines() == [
        "why?",
        "and if it never arrives?",
        "Title 3",
        "How do I reset my password?",
        "Title 2",
    ]


def test_of_each_answer_the_first_two_sources_count() -> None:
    assert search_query("why?", [asked("How do I reset my password?", *TITLES)]).splitlines()[2:] == [
        "Title 1",
        "Title 2",
    ]


def test_nothing_is_asked_twice() -> None:
    assert search_query("why?", [asked("why?"), asked("why?")]) == "why?"


def test_the_question_comes_first_and_the_rest_is_cut() -> None:
    query = search_query("and if it never arrives?", [asked("word " * 700)])
    assert query.startswith("and if it never arrives?\nword")
    assert len(query) == MOST_CHARS


@pytest.mark.parametrize("length", [999, 1000, 1001, 4000])
def test_what_is_looked_up_is_never_longer_than_retrieve_takes(length: int) -> None:
    question = ("refund-" * 1000)[:length]
    query = search_query(question, [RESET])
    assert len(query) <= MOST_CHARS
    assert (query[:400], query[-400:]) == (question[:400], question[-400:])


@pytest.mark.parametrize(
    "question", ["?", "…", "😀", "and", "it", "only for new customers?", "what happens to my data then?"]
)
def test_what_says_nothing_alone_is_a_follow_up(question: str) -> None:
    assert is_follow_up(question)


def test_each_question_of_a_message_is_looked_up_by_itself() -> None:
    message = "And if it never arrives? Also, how long do refunds take?"
    assert search_queries(message, [RESET]) == (
        f"And if it never arrives?\n{RESET.question}\nReset",
        "Also, how long do refunds take?",
    )


def test_a_question_is_looked_up_with_the_story_it_comes_with_and_without() -> None:
    message = "The bank told me to wait. How long do refunds take?"
    assert search_queries(message, [RESET]) == (message, "How long do refunds take?")


@pytest.mark.parametrize(
    ("subject", "description", "queries"),
    [
        ("Late parcel", "It has not come.", ("Late parcel\nIt has not come.",)),
        ("Late parcel", " Late parcel\n", ("Late parcel",)),
        ("Re: Your order [#1]", "> Sent on Monday.\nI cannot sign in now.", ("I cannot sign in now.",)),
        ("AW: Ihre Bestellung", "Und wie lange noch?", ("Ihre Bestellung\nUnd wie lange noch?",)),
        (
            "Questions",
            "How do I reset my password? How long do refunds take?",
            ("How do I reset my password?", "How long do refunds take?"),
        ),
    ],
)
def test_a_ticket_is_looked_up_by_what_it_asks(
    subject: str, description: str, queries: tuple[str, ...]
) -> None:
    assert ticket_queries(ticket(subject=subject, description=description)) == queries


def test_of_a_long_ticket_the_subject_comes_first() -> None:
    (query,) = ticket_queries(ticket(subject="Late parcel", description="word " * 2000))
    assert query.startswith("Late parcel\nword word")
    assert len(query) <= MOST_CHARS
