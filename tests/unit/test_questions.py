"""What a message asks: how many questions it holds, and where each begins and ends."""

import time

import pytest

from chalicelib.chat.reading.questions import MOST_CHARS, MOST_QUESTIONS, asked_alone, questions_in

STORY = "I have been a customer for years, and I like the shop and its people a lot. " * 16


@pytest.mark.parametrize(
    ("message", "questions"),
    [
        (
            "How do I reset my password? And how long do refunds take? Also can I change my plan?",
            ["How do I reset my password?", "And how long do refunds take?", "Also can I change my plan?"],
        ),
        (
            "How do I reset my password and how long do refunds take?",
            ["How do I reset my password?", "how long do refunds take?"],
        ),
        (
            "how do i reset my password\nhow long do refunds take",
            ["how do i reset my password", "how long do refunds take"],
        ),
        (
            "Wie setze ich mein Passwort zurück und wie lange dauert eine Erstattung?",
            ["Wie setze ich mein Passwort zurück?", "wie lange dauert eine Erstattung?"],
        ),
        (
            "¿Cómo cambio mi contraseña? ¿Cuánto tarda un reembolso?",
            ["¿Cómo cambio mi contraseña?", "¿Cuánto tarda un reembolso?"],
        ),
        (
            "パスワードをリセットするには？返金にはどのくらいかかりますか。",
            ["パスワードをリセットするには？", "返金にはどのくらいかかりますか。"],
        ),
        (
            "How do I pay?How long are refunds??Can I cancel?!",
            ["How do I pay?", "How long are refunds??", "Can I cancel?!"],
        ),
        ("How do I pay; how long are refunds", ["How do I pay", "how long are refunds"]),
        ("I ask (a) how do I pay, (b) can I cancel", ["I ask how do I pay", "can I cancel"]),
        (
            "I bought a mug. It broke. Can I return it? And how do I change my address?",
            ["I bought a mug. It broke. Can I return it?", "And how do I change my address?"],
        ),
    ],
)
def test_each_question_stands_with_what_was_told_for_it(message: str, questions: list[str]) -> None:
    assert list(questions_in(message)) == questions


@pytest.mark.parametrize(
    "message",
    [
        "How do I return shoes? And how long does it take?",
        "How do I pack and how do I send it?",
        "I ordered a mug last week. It has not arrived. Where can I see the delivery status?",
        "When I log in, I get an error. What does error 422 mean?",
        "My parcel is late. I want my money back.",
        "Thanks! And for teams?",
        "terms and conditions",
        "?",
    ],
)
def test_one_question_stays_one(message: str) -> None:
    assert questions_in(message) == (message,)


def test_of_more_than_three_questions_none_is_left_out() -> None:
    subjects = ["passwords", "refunds", "invoices", "parcels", "plans", "students", "limits"]
    questions = questions_in(" ".join(f"What are the {subject} here?" for subject in subjects))
    assert len(questions) == MOST_QUESTIONS
    assert all(subject in " ".join(questions) for subject in subjects)


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("The bank told me to wait. How long do refunds take?", "How long do refunds take?"),
        ("I bought a mug. Can I return it?", None),
        ("How long do refunds take?", None),
        ("My parcel is late.", None),
    ],
)
def test_a_question_is_told_from_its_story_where_it_stands_alone(question: str, alone: str | None) -> None:
    assert asked_alone(question) == alone


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("Thanks, the parcel is here. Now I can't sign in.", "Now I can't sign in."),
        ("Vielen Dank für die Hilfe! Wie lange dauert es?", "Wie lange dauert es?"),
        ("Thanks! And for teams?", "Thanks! And for teams?"),
        ("Thanks, the parcel is here.", "Thanks, the parcel is here."),
    ],
)
def test_what_a_message_thanks_for_is_not_what_it_asks(message: str, question: str) -> None:
    assert questions_in(message) == (question,)


@pytest.mark.parametrize("place", [0, len(STORY) // 2 // 76 * 76, len(STORY)])
def test_a_question_is_found_wherever_it_stands_in_a_long_message(place: int) -> None:
    asked = "How do I reset my password?"
    (question,) = questions_in(f"{STORY[:place]} {asked} {STORY[place:]}")
    assert question == asked


@pytest.mark.parametrize(
    "wish",
    [
        "Please tell me what an early return costs.",
        "I'd like to know the price of a mug.",
        "Ich möchte wissen, was ein Becher kostet.",
        "Je voudrais savoir le prix d'une tasse.",
        "Quisiera saber cuánto cuesta una taza.",
    ],
)
def test_a_wish_to_know_is_a_question(wish: str) -> None:
    assert questions_in(STORY + wish) == (wish,)


@pytest.mark.parametrize("text", ["see https://a.example/?Q=1&B or a.b/c?Next", "Wow!Great"])
def test_a_question_mark_in_an_address_ends_nothing(text: str) -> None:
    assert questions_in(text) == (text,)


def test_a_question_in_a_message_without_full_stops_is_found() -> None:
    (question,) = questions_in("my phone is gone and it is late " * 40 + "how do I reset my password")
    assert question.endswith("how do I reset my password")


def test_a_question_that_says_little_goes_with_the_beginning_and_the_end() -> None:
    (question,) = questions_in(f"My two-factor phone is lost. {STORY} What can I do?")
    assert question.startswith("My two-factor phone is lost.")
    assert question.endswith("What can I do?")
    assert len(question) <= MOST_CHARS


@pytest.mark.parametrize(
    "text",
    ["? " * 2000, "?" * 4000 + "x", "and how " * 500, " and" * 1000, "how " * 1000, "a" + " " * 4000 + "b"],
)
def test_a_hostile_message_takes_no_time_to_speak_of(text: str) -> None:
    started = time.thread_time()
    questions_in(text)
    assert time.thread_time() - started < 0.5
