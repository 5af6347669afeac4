"""When a conversation goes to a person, and what the customer is told."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from chalicelib.chat.hand_over import STRONGLY_NEGATIVE, announce, by_rule, remind
from chalicelib.chat.voice import Voice
from chalicelib.domain.conversation import (
    Exchange,
    HandOver,
    HandOverReason,
    HandOverTicket,
    last_ticket_id,
)
from chalicelib.domain.ticket import ConversationTicket
from tests.builders import exchange_at, ticket
from tests.fakes import START

TICKET = HandOverTicket("T-0F3A9C77D1E2", "customer_request")
OPEN = ConversationTicket(TICKET.ticket_id, ticket(TICKET.ticket_id, reason=TICKET.reason))
HAND_OVER = HandOver("customer_request", "Wants a person.")
SAY = Voice()
WEEKDAYS = Voice(support_hours="We answer on weekdays.")


def exchange(**changes: object) -> Exchange:
    calm = exchange_at(START, handed_over=None, sentiment=0.0, unanswered=False)
    return replace(calm, **changes)  # type: ignore[arg-type]


ANGRY = exchange(sentiment=STRONGLY_NEGATIVE)
LOST = exchange(unanswered=True)
CALM = exchange()


@pytest.mark.parametrize(("twice", "reason"), [(ANGRY, "negative_sentiment"), (LOST, "missing_knowledge")])
def test_twice_in_a_row_calls_for_a_person(twice: Exchange, reason: HandOverReason) -> None:
    hand_over = by_rule(twice, [CALM, twice])
    assert hand_over
    assert hand_over.reason == reason


@pytest.mark.parametrize(
    ("now", "earlier"),
    [
        (ANGRY, []),
        (LOST, []),
        (ANGRY, [ANGRY, CALM]),
        (LOST, [LOST, CALM]),
        (CALM, [ANGRY, ANGRY]),
        (ANGRY, [LOST]),
        (LOST, [ANGRY]),
        (ANGRY, [exchange(sentiment=None)]),
        (exchange(sentiment=None), [ANGRY]),
        (exchange(sentiment=STRONGLY_NEGATIVE + 0.01), [ANGRY]),
        (CALM, [CALM]),
        (exchange(sentiment=-1.0, question="It did not work!"), [ANGRY]),
    ],
)
def test_once_or_with_calm_between_does_not(now: Exchange, earlier: list[Exchange]) -> None:
    assert by_rule(now, earlier) is None


@pytest.mark.parametrize("changes", [{}, {"sentiment": -1.0, "unanswered": True}])
def test_asking_for_a_person_goes_before_the_other_reasons(changes: dict[str, object]) -> None:
    hand_over = by_rule(exchange(question="agent please", **changes), [ANGRY] if changes else [])
    assert hand_over
    assert hand_over.reason == "customer_request"


@pytest.mark.parametrize(
    ("newest", "ticket_id"),
    [
        ({"ticket_id": "T-NEWER"}, "T-NEWER"),
        ({}, TICKET.ticket_id),
    ],
)
def test_a_conversation_has_the_ticket_that_was_told_of_last(newest: dict[str, Any], ticket_id: str) -> None:
    said = [exchange(ticket_id=TICKET.ticket_id), exchange(**newest), CALM]
    assert last_ticket_id(said, CALM.customer_id) == ticket_id


def test_a_conversation_without_a_ticket_has_none() -> None:
    assert last_ticket_id([CALM], CALM.customer_id) is None
    assert last_ticket_id([], None) is None


@pytest.mark.parametrize("reason", get_args(HandOverReason))
def test_a_hand_over_ends_with_the_ticket_number(reason: HandOverReason) -> None:
    told = announce(exchange(answer="Hm."), HandOver(reason, "s"), HandOverTicket("T-1", reason), SAY)
    assert told.answer == f"Hm.\n\n{SAY.say(reason)}\n\nTicket **T-1**"
    assert told.handed_over == HandOverTicket("T-1", reason)


def test_a_hand_over_says_when_to_expect_an_answer_and_asks_who_is_unknown() -> None:
    unknown = exchange(customer_id=None, answer="", question="A person please")
    told = announce(unknown, HAND_OVER, TICKET, WEEKDAYS)
    assert told.answer.endswith(
        f"**{TICKET.ticket_id}**\n\nWe answer on weekdays.\n\n{SAY.say('ask_for_address')}"
    )
    said = replace(unknown, question="A person please, my email is jo@example.com")
    assert SAY.say("ask_for_address") not in announce(said, HAND_OVER, TICKET, SAY).answer
    again = remind(unknown, HAND_OVER, OPEN, WEEKDAYS)
    assert again.answer.endswith("We answer on weekdays.")


def test_the_models_own_words_are_used_where_it_has_some() -> None:
    told = announce(
        exchange(answer=""), HandOver("customer_request", "s", "Ich gebe das weiter."), TICKET, SAY
    )
    assert told.answer == "Ich gebe das weiter.\n\nTicket **T-0F3A9C77D1E2**"


def test_the_same_words_are_not_said_twice() -> None:
    told = announce(
        exchange(answer="I pass it on."), HandOver("customer_request", "s", "I pass it on."), TICKET, SAY
    )
    assert told.answer.count("I pass it on.") == 1


@pytest.mark.parametrize(
    "nothing_found",
    [exchange(answer="I found nothing.", unanswered=True), exchange(answer=SAY.say("cannot_search"))],
)
def test_a_hand_over_takes_the_place_of_an_answer_that_is_none(nothing_found: Exchange) -> None:
    passed_on = f"{SAY.say('customer_request')}\n\nTicket **{TICKET.ticket_id}**"
    assert announce(nothing_found, HAND_OVER, TICKET, SAY).answer == passed_on
    assert announce(nothing_found, HAND_OVER, None, SAY).answer == SAY.say("no_ticket")
    assert remind(nothing_found, HAND_OVER, OPEN, SAY).answer.startswith("Yes, our support team has")


def test_without_a_ticket_nothing_is_promised() -> None:
    told = announce(exchange(answer="Hm."), HAND_OVER, None, SAY)
    assert told.answer == f"Hm.\n\n{SAY.say('no_ticket')}"
    assert told.handed_over is None


def test_who_asks_again_is_told_the_ticket_there_is() -> None:
    told = remind(exchange(answer="Sure."), HAND_OVER, OPEN, SAY)
    assert told.answer == (
        "Sure.\n\nYes, our support team has this conversation as ticket **T-0F3A9C77D1E2**."
    )
    assert told.handed_over == TICKET


def test_a_ticket_that_the_answer_names_is_not_named_again() -> None:
    assert (
        remind(exchange(answer="See T-0F3A9C77D1E2."), HAND_OVER, OPEN, SAY).answer == "See T-0F3A9C77D1E2."
    )


def test_of_a_ticket_that_cannot_be_read_nothing_is_promised() -> None:
    told = remind(exchange(answer="Hm."), HAND_OVER, ConversationTicket(TICKET.ticket_id), SAY)
    assert (told.answer, told.handed_over) == (f"Hm.\n\n{SAY.say('no_ticket')}", None)


@pytest.mark.parametrize("reason", [r for r in get_args(HandOverReason) if r != "customer_request"])
def test_who_did_not_ask_is_not_reminded(reason: HandOverReason) -> None:
    assert remind(CALM, HandOver(reason, "s"), OPEN, SAY) == CALM
