"""A conversation with a person: it waits, an agent has it, it is closed, and so on."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.chat.sessions import Sessions
from chalicelib.domain.conversation import Usage
from chalicelib.domain.ticket import TicketChange
from chalicelib.errors import ModelUnavailable, TooManyRequests, Unavailable
from tests.builders import interaction
from tests.fakes import START
from tests.scene import ADA_PROOF, BOB_PROOF, SECRET, Scene, open_scene

HUMAN = "I want to talk to a human"
SESSION = Sessions(lambda: SECRET, accept_made_up_ids=True).issue()


def hand_over(scene: Scene, **fields: Any) -> str:
    """Ask for a person in the session; return the ticket."""
    opened = scene.ask(HUMAN, session_id=SESSION, **fields).handed_over
    assert opened
    return opened.ticket_id


def kept(scene: Scene) -> list[tuple[str, str]]:
    """Return questions and answers in order."""
    return [(e.question, e.answer) for e in scene.conversations.latest(SESSION, 100)]


def test_while_it_waits_the_assistant_goes_on_and_all_shows_on_the_ticket(scene: Scene) -> None:
    ticket_id = hand_over(scene)
    answer = scene.ask("How do I reset my password?", session_id=SESSION)
    assert (answer.handled_by, answer.answer) == ("assistant", "Choose Forgot password. [1]")
    transcript = scene.desk.view(ticket_id).transcript
    assert transcript
    assert [e.question for e in transcript] == [HUMAN, "How do I reset my password?"]


def test_with_an_agent_a_message_is_passed_on_and_asks_no_model(scene: Scene) -> None:
    ticket_id = hand_over(scene, **ADA_PROOF)
    scene.reply(ticket_id)
    scene.sentiment.score = -0.5
    asked = len(scene.model.prompts)
    passed_on = scene.ask("My card is 4111 1111 1111 1111", session_id=SESSION, **ADA_PROOF)
    assert len(scene.model.prompts) == asked
    assert (passed_on.handled_by, passed_on.model, passed_on.usage) == ("agent", None, Usage())
    assert (passed_on.question, passed_on.answer) == ("My card is [card number]", "")
    assert scene.tickets.kept[ticket_id].last_message_at == passed_on.timestamp
    logged = replace(scene.interactions.kept[-1], timestamp=START)
    assert logged == interaction(sentiment=-0.5, session_id=SESSION)


def test_a_message_to_an_agent_sent_again_is_passed_on_once(scene: Scene) -> None:
    scene.reply(hand_over(scene))
    first, again = (scene.ask("Hello?", session_id=SESSION, message_id="m-1") for _ in range(2))
    assert first == again
    assert [question for question, _ in kept(scene)] == [HUMAN, "", "Hello?"]


def test_what_cannot_be_passed_on_is_an_error_and_can_be_sent_again(scene: Scene) -> None:
    scene.reply(hand_over(scene))
    scene.ticket_conversations.down = Unavailable("tickets")
    with pytest.raises(Unavailable):
        scene.ask("Hello?", session_id=SESSION, message_id="m-1")
    scene.ticket_conversations.down = None
    assert scene.ask("Hello?", session_id=SESSION, message_id="m-1").handled_by == "agent"
    assert len(kept(scene)) == 3


def test_once_it_is_closed_the_assistant_is_back_and_knows_what_was_said(scene: Scene) -> None:
    ticket_id = hand_over(scene)
    scene.reply(ticket_id)
    scene.tickets.change(ticket_id, TicketChange("closed"))
    answer = scene.ask("How do I reset my password?", session_id=SESSION)
    assert answer.answer == "Choose Forgot password. [1]"
    assert "It is on its way." in scene.model.prompts[-1].history[-1][1]


def test_who_asks_for_a_person_after_closing_gets_a_new_ticket(scene: Scene) -> None:
    first = hand_over(scene)
    scene.tickets.change(first, TicketChange("closed"))
    second = hand_over(scene)
    assert second != first
    assert scene.tickets.kept[second].status == "open"
    assert hand_over(scene) == second


def test_a_ticket_taken_up_again_is_with_its_agent_again(scene: Scene) -> None:
    ticket_id = hand_over(scene)
    scene.reply(ticket_id)
    for status in ("closed", "pending"):
        scene.tickets.change(ticket_id, TicketChange(status))
    assert scene.ask("Hello?", session_id=SESSION).handled_by == "agent"


def test_a_first_reply_while_the_model_thinks_makes_the_message_the_agents(scene: Scene) -> None:
    ticket_id = hand_over(scene)
    scene.model.before = lambda: scene.reply(ticket_id)
    asked = scene.ask("Where is my parcel?", session_id=SESSION)
    assert (asked.handled_by, asked.usage) == ("agent", Usage(100, 20, 0.001))
    assert kept(scene)[1:] == [("", "It is on its way."), ("Where is my parcel?", "")]


def test_a_ticket_closed_in_between_leaves_the_answer_to_the_assistant(scene: Scene) -> None:
    ticket_id = hand_over(scene)
    scene.reply(ticket_id)
    scene.ticket_conversations.before = lambda: scene.tickets.change(ticket_id, TicketChange("closed"))
    asked = scene.ask("How do I reset my password?", session_id=SESSION)
    assert (asked.handled_by, asked.answer) == ("assistant", "Choose Forgot password. [1]")
    assert scene.model.prompts[-1].may_hand_over
    assert len(kept(scene)) == 3


def test_a_ticket_that_is_gone_leaves_the_conversation_to_the_assistant(scene: Scene) -> None:
    ticket_id = hand_over(scene)
    scene.reply(ticket_id)
    scene.tickets.erase([ticket_id])
    assert scene.ask("Hello?", session_id=SESSION).handled_by == "assistant"
    second = hand_over(scene)
    scene.model.before = lambda: scene.tickets.erase([second])
    assert scene.ask("Hello again?", session_id=SESSION).handled_by == "assistant"


def test_a_ticket_that_cannot_be_read_is_not_replaced_by_another(scene: Scene) -> None:
    hand_over(scene)
    scene.tickets.before = lambda: setattr(scene.tickets, "down", Unavailable("tickets"))
    answer = scene.ask(HUMAN, session_id=SESSION)
    assert "could not open a ticket" in answer.answer
    assert answer.degraded == ("storage",)
    assert len(scene.tickets.kept) == 1


def test_without_a_model_a_message_still_gets_to_the_agent(scene: Scene) -> None:
    scene.reply(hand_over(scene))
    scene.model.down = ModelUnavailable()
    assert scene.ask("Hello?", session_id=SESSION).handled_by == "agent"


@pytest.mark.parametrize("limit", ["tokens_per_day", "budget_micro_usd"])
def test_a_spent_day_does_not_stop_who_is_with_an_agent(limit: str) -> None:
    with open_scene(**{limit: 1}) as scene:
        scene.ask("Hello")
        scene.reply(hand_over(scene))
        assert scene.ask("Hello?", session_id=SESSION).handled_by == "agent"
        with pytest.raises(TooManyRequests):
            scene.ask("Hello?")


def test_who_writes_too_fast_is_refused_by_an_agent_as_well() -> None:
    with open_scene(requests_per_minute=2) as scene:
        scene.reply(hand_over(scene))
        scene.ask("1", session_id=SESSION)
        with pytest.raises(TooManyRequests):
            scene.ask("2", session_id=SESSION)


@pytest.mark.parametrize("proof", [{}, BOB_PROOF])
def test_a_customers_ticket_is_not_for_others_in_the_session(scene: Scene, proof: dict[str, Any]) -> None:
    scene.reply(hand_over(scene, **ADA_PROOF))
    assert scene.ask("Hello?", session_id=SESSION, **proof).handled_by == "assistant"
    assert scene.ask("Hello?", session_id=SESSION, **ADA_PROOF).handled_by == "agent"
