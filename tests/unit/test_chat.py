"""One turn of the chat, step by step and failure by failure."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.chat.limits import HAND_OVERS_PER_HOUR
from chalicelib.chat.sessions import Visitor
from chalicelib.chat.turn_parts import Message
from chalicelib.chat.voice import Voice
from chalicelib.domain.conversation import Exchange, GuardrailVerdict, HandOver, Nearest, Usage
from chalicelib.errors import (
    BudgetReached,
    MessageIdReused,
    ModelUnavailable,
    TooManyRequests,
    Unavailable,
    WrongCustomerHash,
)
from tests.builders import LINKED_REFUND, REFUND, RESET, interaction, ticket
from tests.fakes import START
from tests.scene import ADA_PROOF, BOB_PROOF, SPENDING, Meeting, Scene, hanging, open_scene

BOBS = (
    *("Robert", "Hooke", "bob@", "Springs", "98765", "O-88", "77.70", "microscope"),
    *("T-bob", "Bob's subject"),
)
"""What would give the other customer away."""


def test_a_question_is_answered_from_its_sources_and_the_exchange_kept(scene: Scene) -> None:
    scene.model.says("Choose **Forgot password**. [1] Not this. [9]")
    answer = scene.ask("How do I reset my password?")
    assert answer.answer == "Choose **Forgot password**. [1] Not this."
    assert [(c.index, c.title, c.url) for c in answer.citations] == [
        (1, "Reset your password", "https://help.example.com/reset")
    ]
    assert answer.usage == Usage(100, 20, 0.001)
    assert answer.timestamp == START
    assert (answer.model, answer.degraded, answer.handed_over) == ("fake-model", (), None)
    assert scene.conversations.kept == [answer]


def test_the_model_sees_what_was_said_before(scene: Scene) -> None:
    first = scene.ask("How do I reset my password?")
    scene.ask("And on my phone?", session_id=first.session_id)
    assert scene.model.prompts[1].history == (("How do I reset my password?", "Choose Forgot password."),)


def test_a_follow_up_is_looked_up_in_its_conversation(scene: Scene) -> None:
    scene.knowledge_base.passages = (RESET,) * 7
    first = scene.ask("Where is my parcel?")
    scene.ask("And if it never arrives?", session_id=first.session_id)
    assert scene.knowledge_base.queries[1].splitlines()[:2] == [
        "And if it never arrives?",
        "Where is my parcel?",
    ]
    assert scene.model.prompts[1].facts[0].count("<passage ") == 5


def test_each_question_of_a_message_is_looked_up_by_itself(scene: Scene) -> None:
    scene.knowledge_base.passages = tuple(replace(RESET, text=f"Passage {n}") for n in range(7))
    scene.ask("How do I reset my password? And how long do refunds take?")
    assert sorted(scene.knowledge_base.queries) == [
        "And how long do refunds take?",
        "How do I reset my password?",
    ]
    assert scene.model.prompts[0].facts[0].count("<passage ") == 3


def test_small_talk_without_an_answer_is_no_step_towards_a_ticket(scene: Scene) -> None:
    scene.model.says("Hm. [0]")
    session_id = None
    for message in ("👋", "🙏", "this isn't helpful", "ok"):
        answer = scene.ask(message, session_id=session_id)
        session_id = answer.session_id
        assert (answer.handed_over, answer.unanswered) == (None, False)


def test_a_proven_customer_is_answered_with_their_facts_and_logged(scene: Scene) -> None:
    for ticket_id, status, whose in (("T-1", "open", "1"), ("T-2", "closed", "1"), ("T-bob", "open", "2")):
        scene.tickets.add(ticket(ticket_id, status=status, customer_id=f"CUST-100{whose}"))
    scene.sentiment.score = -0.3
    answer = scene.ask("Where is my order?", **ADA_PROOF)
    assert scene.model.prompts[0].facts[0] == (
        "<customer>\nName: Ada Byron\nTier: premium\n"
        "Orders, newest first:\n- O-77, 2026-11-20, shipped, 49.00 EUR: 1 × scanner\n"
        "Open tickets, newest first:\n- T-1, 2026-11-20, open: Wants a person\n</customer>"
    )
    assert answer.customer_id == "CUST-1001"
    assert scene.interactions.kept == [interaction(sentiment=-0.3, session_id=answer.session_id)]


def test_a_customer_id_without_proof_gives_nothing_away(scene: Scene) -> None:
    answer = scene.ask("I am CUST-1001. Where is my order?")
    assert not any("Ada" in fact for fact in scene.model.prompts[0].facts)
    assert answer.customer_id is None
    assert scene.interactions.kept == []


def test_the_proof_of_one_customer_opens_no_other_and_stores_nothing(scene: Scene) -> None:
    with pytest.raises(WrongCustomerHash):
        scene.ask("Where is my order?", proof=replace(ADA_PROOF["proof"], customer_id="CUST-1002"))
    assert (scene.conversations.kept, scene.model.prompts) == ([], [])


def test_tickets_out_of_reach_are_not_told_to_the_model_as_none(scene: Scene) -> None:
    scene.tickets.down = Unavailable("tickets")
    answer = scene.ask("What about my ticket?", **ADA_PROOF)
    assert answer.degraded == ("storage",)
    assert "Name: Ada Byron" in scene.model.prompts[0].facts[0]
    assert "Open tickets" not in scene.model.prompts[0].facts[0]


@pytest.mark.parametrize("proof", [{}, ADA_PROOF])
def test_nothing_of_another_customer_gets_before_the_model(scene: Scene, proof: dict[str, Any]) -> None:
    def seen_by_the_model(prompt: int) -> list[str]:
        shown = scene.model.prompts[prompt]
        text = "\n".join([*shown.facts, *(text for pair in shown.history for text in pair)])
        return [secret for secret in BOBS if secret in text]

    scene.tickets.add(ticket("T-bob", customer_id="CUST-1002", subject="Bob's subject"))
    scene.ask("I am Robert Hooke. Where is my order?", session_id="s", **BOB_PROOF)
    scene.ask("I am CUST-1002, show me my orders", session_id="s", **proof)
    assert seen_by_the_model(0)
    assert seen_by_the_model(1) == []


def test_credentials_reach_neither_the_model_nor_the_tables(scene: Scene) -> None:
    scene.model.says("I got 4111 1111 1111 1111.")
    answer = scene.ask("My card 4111 1111 1111 1111 is refused, password: hunter2!")
    assert answer.question == "My card [card number] is refused, password: [credential]"
    assert answer.answer == "I got [card number]."
    assert scene.model.prompts[0].question == answer.question
    assert scene.knowledge_base.queries == scene.sentiment.heard == [answer.question]


def test_the_same_message_again_is_the_same_answer_and_asks_no_model(scene: Scene) -> None:
    first = scene.ask("Hello", session_id="s", message_id="m-1")
    scene.model.says("Something else")
    assert scene.ask("Hello", session_id="s", message_id="m-1") == first
    assert (len(scene.model.prompts), len(scene.conversations.kept)) == (1, 1)
    with pytest.raises(MessageIdReused):
        scene.ask("Goodbye", session_id="s", message_id="m-1")


def test_the_first_message_sent_again_comes_back_into_its_session(scene: Scene) -> None:
    message_id = str(uuid.uuid4())
    first = scene.ask("Hello", message_id=message_id)
    assert scene.ask("Hello", message_id=message_id) == first
    assert (len(scene.model.prompts), len(scene.conversations.kept)) == (1, 1)
    with pytest.raises(MessageIdReused):
        scene.ask("Goodbye", message_id=message_id)


def test_a_proven_customers_answer_is_not_repeated_to_who_guesses_its_id(scene: Scene) -> None:
    scene.ask("My order?", session_id="s", message_id="1", **ADA_PROOF)
    with pytest.raises(MessageIdReused):
        scene.ask("My order?", session_id="s", message_id="1")


def test_two_requests_of_one_message_at_once_end_in_one_exchange(scene: Scene) -> None:
    scene.model.before = Meeting(2)
    scene.model.says("", HandOver("customer_request", "Wants a person", "I pass you on."))
    with ThreadPoolExecutor(2) as pool:
        send = lambda _: scene.ask("A person please", session_id="s", message_id="m-1")  # noqa: E731
        first, second = pool.map(send, range(2))
    assert first == second
    assert (len(scene.conversations.kept), len(scene.tickets.kept)) == (1, 1)


def test_a_duplicate_stored_between_two_reads_is_found_in_the_history(scene: Scene) -> None:
    scene.ask("Hello", session_id="s")
    scene.model.says("I could not find that. [0]")
    first = scene.ask("Do you sell hats?", session_id="s", message_id="1")
    scene.conversations._claims.clear()  # as the claim looked a moment before
    assert scene.ask("Do you sell hats?", session_id="s", message_id="1") == first
    assert len(scene.model.prompts) == 2
    assert scene.tickets.kept == {}


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("conversations", ("history", "storage")),
        ("knowledge_base", ("knowledge_base",)),
        ("sentiment", ("sentiment",)),
        ("customers", ("customer",)),
        ("interactions", ("interactions",)),
    ],
)
def test_an_answer_goes_out_without_what_is_down_and_says_so(
    scene: Scene, part: str, name: tuple[str, ...]
) -> None:
    session = scene.ask("Hello").session_id
    getattr(scene, part).down = Unavailable(part)
    answer = scene.ask("Where is my order?", session_id=session, **ADA_PROOF)
    assert answer.answer.startswith("Choose Forgot password.")
    assert answer.degraded == name
    assert scene.log.without == list(name)
    assert (answer.citations == ()) == (part == "knowledge_base")


def test_a_source_in_the_bucket_is_linked_in_the_answer_and_stored_without(scene: Scene) -> None:
    scene.knowledge_base.passages = (REFUND,)
    answers = [scene.ask("How?", session_id="s", message_id="m") for _ in range(2)]
    assert [a.citations[0].url for a in answers] == [LINKED_REFUND.url] * 2
    assert [e.citations[0].url for e in scene.conversations.kept] == [None]


def test_a_source_that_cannot_be_linked_costs_the_answer_its_link_alone(scene: Scene) -> None:
    scene.knowledge_base.passages = (REFUND,)
    scene.links.down = Unavailable("links")
    first, again = (scene.ask("How?", session_id="s", message_id="m") for _ in range(2))
    for answer in (first, again):
        assert (answer.citations[0].url, answer.degraded) == (None, ("links",))
    (logged,) = [exchange for exchange, _ in scene.log.turns]
    assert logged.degraded == ("links",)
    scene.links.down = None
    assert scene.ask("How?", session_id="s", message_id="m").degraded == ()


@pytest.mark.parametrize("when_down", ["before the model", "after it"])
def test_counters_that_are_down_let_the_customer_in(when_down: str) -> None:
    with open_scene(requests_per_minute=1, tokens_per_day=200) as scene:
        outage = Unavailable("counters")
        first, then = (outage, None) if when_down == "before the model" else (None, outage)
        scene.counters.down = first
        scene.model.before = lambda: setattr(scene.counters, "down", then)
        assert scene.ask("Hello").degraded == ("storage",)


def test_an_outage_of_the_knowledge_base_is_no_gap_in_the_articles(scene: Scene) -> None:
    scene.model.says("I could not find that. [0]")
    scene.knowledge_base.down = Unavailable("knowledge_base")
    first = scene.ask("Do you sell hats?")
    assert first.answer.startswith("I'm sorry, I can't search our help articles right now.")
    assert scene.ask("Do you sell blue hats?", session_id=first.session_id).handed_over is None


def test_an_interaction_has_the_time_its_exchange_was_stored_under(scene: Scene) -> None:
    session = scene.ask("Hello", **ADA_PROOF).session_id
    scene.ask("Hello again", session_id=session, **ADA_PROOF)
    assert [i.timestamp for i in scene.interactions.kept] == [e.timestamp for e in scene.conversations.kept]
    assert scene.conversations.kept[0].timestamp != scene.conversations.kept[1].timestamp


def test_without_a_model_nothing_is_stored_and_the_message_comes_again(scene: Scene) -> None:
    scene.model.down = ModelUnavailable(retry_after_seconds=7)
    with pytest.raises(ModelUnavailable) as refusal:
        scene.ask("Hello", session_id="s", message_id="m-1")
    assert refusal.value.retry_after_seconds == 7
    assert scene.conversations.kept == []
    scene.model.down = None
    assert scene.ask("Hello", session_id="s", message_id="m-1").answer.startswith("Choose")


def test_a_model_that_is_too_slow_is_given_up_while_there_is_time_to_store(scene: Scene) -> None:
    hurry(scene)
    started = time.monotonic()
    with hanging(scene.model), pytest.raises(ModelUnavailable):
        scene.ask("Hello")
    assert time.monotonic() - started < 5
    assert scene.conversations.kept == []


def test_stores_that_hang_after_a_slow_model_do_not_outlast_the_turn(scene: Scene) -> None:
    hurry(scene)
    with ExitStack() as until_answered:
        stores = (scene.conversations, scene.tickets, scene.interactions)
        scene.model.before = lambda: until_answered.enter_context(hanging(*stores))
        started = time.monotonic()
        answer = scene.ask("I want to talk to a human", **ADA_PROOF)
        assert time.monotonic() - started < 5
    assert answer.degraded == ("storage",)
    assert scene.interactions.kept == []


def hurry(scene: Scene) -> None:
    """Leave a turn a tenth of a second for the model, and another one for each store."""
    options = replace(scene.chat.options, deadline_seconds=0.3, store_seconds=0.1)
    scene.chat = replace(scene.chat, options=options)


def test_a_hand_over_by_the_model_becomes_a_ticket(scene: Scene) -> None:
    scene.model.says("", HandOver("policy_restriction", "Wants a refund after 60 days", "I pass this on."))
    answer = scene.ask("Refund me after 60 days")
    assert answer.handed_over
    opened = scene.tickets.kept[answer.handed_over.ticket_id]
    assert answer.answer.startswith(f"I pass this on.\n\nTicket **{opened.ticket_id}**")
    assert (opened.reason, opened.subject, opened.description, opened.session_id) == (
        "policy_restriction",
        "Wants a refund after 60 days",
        "Refund me after 60 days",
        answer.session_id,
    )
    assert (opened.status, opened.channel, opened.priority) == ("open", "chat", "medium")


@pytest.mark.parametrize(("outage", "model"), [(None, "fake-model"), (ModelUnavailable(), None)])
def test_who_asks_for_a_person_gets_one_whatever_the_model_says(
    scene: Scene, outage: ModelUnavailable | None, model: str | None
) -> None:
    scene.model.down = outage
    answer = scene.ask("I want to talk to a human")
    assert answer.model == model
    assert scene.log.without == (["model"] if outage else [])
    assert answer.handed_over
    assert answer.handed_over.reason == "customer_request"
    assert answer.handed_over.ticket_id in answer.answer
    assert answer.handed_over.ticket_id in scene.tickets.kept


def test_a_ticket_is_opened_once_and_the_model_is_told_of_it(scene: Scene) -> None:
    first = scene.ask("I want to talk to a human")
    later = scene.ask("How do I reset my password?", session_id=first.session_id)
    again = scene.ask("I said I want to talk to a human!", session_id=first.session_id)
    assert len(scene.tickets.kept) == 1
    assert [p.may_hand_over for p in scene.model.prompts] == [True, False, False]
    assert first.handed_over
    assert first.handed_over.ticket_id in scene.model.prompts[1].rules
    assert later.handed_over is None
    assert again.handed_over == first.handed_over
    assert first.handed_over.ticket_id in again.answer


def test_anger_twice_in_a_row_goes_to_a_person_first(scene: Scene) -> None:
    scene.sentiment.score = -0.95
    first = scene.ask("This is ridiculous!")
    second = scene.ask("Worst service ever!", session_id=first.session_id)
    assert first.handed_over is None
    assert second.handed_over
    assert second.handed_over.reason == "negative_sentiment"
    assert scene.tickets.kept[second.handed_over.ticket_id].priority == "high"


def test_two_questions_without_an_answer_go_to_a_person(scene: Scene) -> None:
    scene.model.says("I could not find that. [0]")
    first = scene.ask("Do you sell hats?")
    second = scene.ask("Do you sell blue hats?", session_id=first.session_id)
    assert (first.handed_over, first.answer, first.unanswered) == (None, "I could not find that.", True)
    assert second.handed_over
    assert second.handed_over.reason == "missing_knowledge"
    assert second.answer.startswith(Voice().say("missing_knowledge"))


def test_a_ticket_that_cannot_be_opened_is_said_and_opened_next_time(scene: Scene) -> None:
    scene.tickets.down = Unavailable("tickets")
    first = scene.ask("I want to talk to a human")
    assert first.handed_over is None
    assert "could not open a ticket" in first.answer
    assert first.degraded == ("storage",)
    scene.tickets.down = None
    assert scene.ask("A human please", session_id=first.session_id).handed_over


def test_a_ticket_that_was_written_too_late_is_the_one_of_the_next_try(scene: Scene) -> None:
    scene.tickets.down = Unavailable("tickets")
    first = scene.ask("I want to talk to a human")
    assert first.unconfirmed_ticket_id
    scene.tickets.down = None
    scene.tickets.add(ticket(first.unconfirmed_ticket_id, description="I want to talk to a human"))
    second = scene.ask("A human please", session_id=first.session_id)
    assert second.handed_over
    assert second.handed_over.ticket_id == first.unconfirmed_ticket_id
    assert len(scene.tickets.kept) == 1


def test_customers_who_share_a_session_get_a_ticket_each(scene: Scene) -> None:
    first = scene.ask("Agent!", session_id="shared", **ADA_PROOF)
    second = scene.ask("Agent!", session_id="shared", **BOB_PROOF)
    assert {t.customer_id for t in scene.tickets.kept.values()} == {"CUST-1001", "CUST-1002"}
    assert first.handed_over != second.handed_over


def test_a_hand_over_after_an_erasure_is_a_new_ticket(scene: Scene) -> None:
    first = scene.ask("I want to talk to a human")
    scene.transcripts.erase(first.session_id, Visitor("address#192.0.2.1"))
    scene.clock.advance(seconds=1)
    second = scene.ask("I want to talk to a human", session_id=first.session_id)
    assert second.handed_over
    assert second.handed_over != first.handed_over
    assert scene.tickets.kept[second.handed_over.ticket_id].description == "I want to talk to a human"


@pytest.mark.parametrize("change", [{"status": "closed"}, {"created_at": START - timedelta(days=40)}])
def test_an_old_or_closed_ticket_does_not_serve_again(scene: Scene, change: dict[str, Any]) -> None:
    first = scene.ask("I want to talk to a human", session_id="s")
    assert first.handed_over
    ticket_id = first.handed_over.ticket_id
    scene.tickets.kept[ticket_id] = replace(scene.tickets.kept[ticket_id], **change)
    scene.conversations.kept.clear()  # as when the exchanges have expired
    second = scene.ask("I want to talk to a human", session_id="s")
    assert second.handed_over
    assert second.handed_over.ticket_id.startswith("T-")
    assert list(scene.tickets.kept) == [ticket_id, second.handed_over.ticket_id]


def test_an_open_ticket_is_remembered_however_long_the_conversation(scene: Scene) -> None:
    first = scene.ask("I want to talk to a human", session_id="s", message_id="m-1")
    for n in range(25):
        scene.clock.advance(seconds=1)
        scene.ask(f"Question {n}", session_id="s")
    assert scene.ask("I want to talk to a human", session_id="s").handed_over == first.handed_over
    assert scene.ask("I want to talk to a human", session_id="s", message_id="m-1") == first
    assert len(scene.model.prompts) == 27


@pytest.mark.parametrize(
    ("summary", "subject"),
    [
        ("Card 4111111111111111", "Card [card number]"),
        ("Wants\na refund", "Wants a refund"),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 119 + "…"),
    ],
)
def test_a_hand_over_holds_no_marks_no_credentials_and_a_short_subject(
    scene: Scene, summary: str, subject: str
) -> None:
    scene.model.says("", HandOver("customer_request", summary, "See [2]. Password: hunter22"))
    answer = scene.ask("A person please")
    assert answer.answer.startswith("See. Password: [credential]")
    (opened,) = scene.tickets.kept.values()
    assert opened.subject == subject


def test_what_the_guardrail_stopped_does_not_come_back_with_the_history(scene: Scene) -> None:
    verdict = GuardrailVerdict(True, ("topic:Law",))
    scene.model.reply_with = replace(scene.model.reply_with, text="I can't help.", guardrail=verdict)
    stopped = scene.ask("How do I sue you?")
    assert (stopped.answer, stopped.guardrail, stopped.handed_over) == ("I can't help.", verdict, None)
    scene.ask("and now answer that", session_id=stopped.session_id)
    assert scene.model.prompts[1].history == ()
    assert scene.knowledge_base.queries[1] == "and now answer that"


def test_an_answer_of_marks_alone_still_says_something(scene: Scene) -> None:
    scene.model.says("[0]")
    assert scene.ask("Blorf?").answer == "I'm sorry, I could not find an answer to that."


def test_a_made_up_session_shows_nothing_at_another_address(scene: Scene) -> None:
    def ask_from(caller: str, query: str) -> Exchange:
        return scene.chat.answer(Message(query, caller, session_id="default-session", message_id="1"))

    ask_from("address#192.0.2.1", "My secret plan")
    theirs = ask_from("address#192.0.2.2", "What did I say?")
    assert theirs.session_id == "default-session"
    assert "secret plan" not in str(scene.model.prompts[-1])
    scene.ask("And now?", session_id="default-session")
    assert "secret plan" in str(scene.model.prompts[-1])


def test_what_is_kept_of_a_made_up_session_does_not_name_it(scene: Scene) -> None:
    answer = scene.ask("I want to talk to a human", session_id="jo@example.com", **ADA_PROOF)
    assert answer.session_id == "jo@example.com"
    (exchange,), (logged,) = scene.conversations.kept, scene.interactions.kept
    (opened,) = scene.tickets.kept.values()
    assert "jo@example.com" not in str((exchange, logged, opened))
    assert exchange.session_id == logged.session_id == opened.session_id


def test_who_asks_too_fast_is_refused_before_the_model_is_asked() -> None:
    with open_scene(requests_per_minute=1) as scene:
        scene.ask("1")
        scene.ask("1", **ADA_PROOF)
        for proof in ({}, ADA_PROOF):
            with pytest.raises(TooManyRequests):
                scene.ask("2", **proof)
        assert (len(scene.model.prompts), len(scene.conversations.kept)) == (2, 2)
        assert {name for name, _ in scene.counters.counts} == {
            "requests#address#192.0.2.1",
            f"requests#{scene.sessions.counted_as('CUST-1001', '')}",
        }


def test_tokens_are_counted_and_stop_the_day_when_used_up() -> None:
    with open_scene(tokens_per_day=10_000) as scene:
        scene.model.reply_with = replace(scene.model.reply_with, usage=Usage(5000, 500, 0.005))
        scene.ask("1"), scene.ask("2")
        with pytest.raises(TooManyRequests):
            scene.ask("3")


def test_of_a_burst_that_a_limit_stops_nothing_is_paid() -> None:
    with open_scene(requests_per_minute=20) as scene, ThreadPoolExecutor(32) as threads:
        asking = [threads.submit(scene.ask, "Hello") for _ in range(100)]
        refused = sum(isinstance(each.exception(), TooManyRequests) for each in asking)
        assert refused == 80
        calls = (len(scene.knowledge_base.queries), len(scene.sentiment.heard), len(scene.model.prompts))
        assert calls == (20, 20, 20)


def test_what_the_guardrail_stops_is_not_for_nothing() -> None:
    with open_scene(tokens_per_day=10_000) as scene:
        scene.model.reply_with = replace(scene.model.reply_with, usage=Usage(0, 0, 0.0))
        for _ in range(4):
            scene.ask("x" * 4000)
        with pytest.raises(TooManyRequests):
            for _ in range(2):
                scene.ask("x" * 4000)


def test_a_burst_overshoots_a_limit_by_no_more_than_one_turn() -> None:
    with open_scene(tokens_per_day=30_000) as scene, ThreadPoolExecutor(32) as threads:
        scene.model.reply_with = replace(scene.model.reply_with, usage=Usage(2500, 500, 0.005))
        asking = [threads.submit(scene.ask, "Hello") for _ in range(100)]
        answered = sum(each.exception() is None for each in asking)
        assert 3000 * answered <= 30_000 + SPENDING.expected("Hello", has_past=False).tokens


@pytest.mark.parametrize("down", [ModelUnavailable(), Unavailable("model")])
def test_a_model_that_fails_or_is_late_is_counted_as_if_it_had_answered(down: Unavailable) -> None:
    with open_scene(tokens_per_day=100_000, budget_micro_usd=1_000_000) as scene:
        scene.model.down = down
        with pytest.raises(ModelUnavailable):
            scene.ask("Hello")
        expected = SPENDING.expected("Hello", has_past=False)
        assert list(scene.counters.counts.values()) == [expected.tokens, expected.micro_usd]


def test_an_exchange_says_what_it_cost_and_how_long_it_took(scene: Scene) -> None:
    exchange = scene.ask("How long do refunds take?")
    spent = SPENDING.of(exchange.question, exchange.answer, exchange.usage)
    assert exchange.costs_micro_usd == spent.features
    assert sum(spent.features.values()) == spent.micro_usd
    assert spent.features.keys() == {"chat", "guardrail", "search", "sentiment"}
    assert exchange.took_ms is not None


def test_without_a_source_the_nearest_passage_is_kept(scene: Scene) -> None:
    scene.model.says("I don't know.")
    assert scene.ask("Do you ship to Mars?").nearest == Nearest(
        "Reset your password", "https://help.example.com/reset", 0.9
    )
    scene.model.says("Choose Forgot password. [1]")
    assert scene.ask("How do I reset my password?").nearest is None


def test_a_refusal_is_counted_with_when_something_was_said_last() -> None:
    with open_scene(requests_per_minute=1) as scene:
        exchange = scene.ask("Hello")
        for session in (exchange.session_id, None):
            with pytest.raises(TooManyRequests):
                scene.ask("And then?", session_id=session)
        (of_the_session, of_a_new_one) = scene.refused
        assert of_the_session == (exchange.session_id, exchange.timestamp)
        assert of_a_new_one[1] is None


def test_a_message_that_was_answered_before_spends_nothing() -> None:
    with open_scene(requests_per_minute=2, tokens_per_day=200) as scene:
        first = scene.ask("Hello", session_id="s", message_id="m")
        spent = dict(scene.counters.counts)
        assert [scene.ask("Hello", session_id="s", message_id="m") for _ in range(5)] == [first] * 5
        tokens = {name: count for (name, _), count in scene.counters.counts.items() if "tokens" in name}
        assert tokens == {name: count for (name, _), count in spent.items() if "tokens" in name}


def test_when_the_budget_is_spent_nobody_is_answered_until_the_next_day() -> None:
    with open_scene(budget_micro_usd=1000) as scene:
        scene.ask("Hello")
        with pytest.raises(BudgetReached) as refusal:
            scene.ask("Hello", **ADA_PROOF)
        assert refusal.value.retry_after_seconds == 12 * 3600
        assert scene.log.budgets_reached == 1
        scene.clock.advance(hours=12)
        assert scene.ask("Hello").answer


@pytest.mark.parametrize("limit", ["requests_per_minute", "tokens_per_day", "budget_micro_usd"])
def test_over_a_limit_a_wish_for_a_person_is_a_ticket_without_any_search(limit: str) -> None:
    with open_scene(**{limit: 1}) as scene:
        session = scene.ask("My parcel is late").session_id
        answer = scene.ask("I want to talk to a human", session_id=session)
        assert answer.handed_over
        assert scene.tickets.kept[answer.handed_over.ticket_id].session_id == session
        assert (answer.model, answer.usage) == (None, Usage())
        assert (len(scene.model.prompts), len(scene.knowledge_base.queries)) == (1, 1)


def test_over_a_limit_only_a_few_tickets_can_be_opened() -> None:
    with open_scene(requests_per_minute=1) as scene:
        scene.ask("Hello")
        for _ in range(HAND_OVERS_PER_HOUR):
            assert scene.ask("I want to talk to a human").handed_over
        with pytest.raises(TooManyRequests):
            scene.ask("I want to talk to a human")
        assert len(scene.tickets.kept) == HAND_OVERS_PER_HOUR


def test_what_a_turn_needs_is_gathered_side_by_side_for_so_long(scene: Scene) -> None:
    parts = (scene.knowledge_base, scene.customers, scene.tickets, scene.sentiment)
    all_four = Meeting(4)
    for part in parts:
        part.before = all_four
    assert scene.ask("Where is my order?", **ADA_PROOF).degraded == ()
    scene.chat = replace(scene.chat, options=replace(scene.chat.options, gather_seconds=0.1))
    with hanging(*parts):
        degraded = scene.ask("Where is my order?", **ADA_PROOF).degraded
    assert sorted(degraded) == ["customer", "knowledge_base", "sentiment", "storage"]
