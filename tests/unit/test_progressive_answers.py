"""An answer that can be read while it is written: by whom, what of it, and what is left of it afterwards."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.chat.sessions import Visitor
from chalicelib.domain.conversation import Exchange, GuardrailVerdict, HandOver
from chalicelib.domain.pending import PendingAnswer
from chalicelib.errors import (
    ErasedMeanwhile,
    ModelUnavailable,
    NothingPending,
    Unavailable,
    WrongCustomerHash,
)
from tests.builders import ADA, BOB, customer_proof
from tests.scene import NOBODY, SECRET, Scene, open_scene

MESSAGE = "0d7c9d1e-3c0f-4ae8-9b0c-7d8d2d1c5a10"
QUESTION = "How do I reset it?"
WRITES = ("Choose", "Choose Forgot", "Choose Forgot now and wait")
WHOLE = "Choose Forgot now and wait for the mail. [1]"


ADAS, BOBS = (customer_proof(each.external_id, SECRET) for each in (ADA, BOB))


@pytest.fixture
def scene() -> Iterator[Scene]:
    with open_scene() as scene:
        scene.model.says(WHOLE)
        scene.model.writes = WRITES
        yield scene


def ask(scene: Scene, message_id: str | None = MESSAGE, **fields: Any) -> Exchange:
    return scene.ask(QUESTION, message_id=message_id, progressive=True, **fields)


def read(scene: Scene, visitor: Visitor = NOBODY, message_id: str = MESSAGE) -> PendingAnswer | None:
    try:
        return scene.pending_answers.read(message_id, visitor)
    except NothingPending:
        return None


def test_it_grows_while_it_is_written_and_is_whole_in_the_end(scene: Scene) -> None:
    answer = ask(scene)
    assert [each.text for each in scene.pending.history] == ["Choose", "Choose Forgot now and", answer.answer]
    assert [each.done for each in scene.pending.history] == [False, False, True]
    assert read(scene) == PendingAnswer(answer.answer, True)


def test_the_answer_is_the_same_as_without(scene: Scene) -> None:
    streamed, plain = ask(scene), scene.ask(QUESTION)
    assert (streamed.answer, streamed.citations) == (plain.answer, plain.citations)


@pytest.mark.parametrize("message_id", [None, "m1", str(uuid.uuid1())], ids=["none", "short", "not random"])
def test_without_a_random_id_nothing_is_kept(scene: Scene, message_id: str | None) -> None:
    ask(scene, message_id)
    assert (scene.pending.history, scene.model.was_streamed) == ([], False)
    assert message_id is None or read(scene, message_id=message_id) is None


def test_who_does_not_ask_for_it_pays_nothing(scene: Scene) -> None:
    scene.pending.before = lambda: pytest.fail("the store was asked")
    scene.ask(QUESTION, message_id=MESSAGE)
    assert not scene.model.was_streamed


def test_a_message_that_is_sent_again_is_not_written_again(scene: Scene) -> None:
    answer = ask(scene)
    scene.pending.before = lambda: pytest.fail("the store was asked")
    assert ask(scene).answer == answer.answer


def test_a_customers_answer_is_for_the_customer_alone(scene: Scene) -> None:
    ask(scene, proof=ADAS)
    assert read(scene, Visitor("a", ADAS))
    assert (read(scene), read(scene, Visitor("a", BOBS))) == (None, None)
    with pytest.raises(WrongCustomerHash):
        read(scene, Visitor("a", customer_proof(ADA.external_id, "another secret")))


def test_what_is_read_is_counted_by_no_limit(scene: Scene) -> None:
    ask(scene)
    before = scene.counters.writes
    read(scene)
    assert scene.counters.writes == before


def test_what_a_failed_turn_wrote_is_gone(scene: Scene) -> None:
    scene.model.down = ModelUnavailable()
    with pytest.raises(ModelUnavailable):
        ask(scene)
    assert len(scene.pending.history) == 2
    assert scene.pending.kept == {}


def test_where_another_model_starts_over_its_text_takes_the_place(scene: Scene) -> None:
    scene.model.writes = ("Choose Forgot", "Open the", "Open the page and")
    scene.model.says(whole := "Open the page and choose it.")
    ask(scene)
    assert [each.text for each in scene.pending.history] == ["Choose", "Open", "Open the page", whole]


def test_what_the_guardrail_says_takes_the_place_in_the_end(scene: Scene) -> None:
    verdict = GuardrailVerdict(True, ("topic:Legal advice",))
    scene.model.reply_with = replace(scene.model.reply_with, text="I can't help.", guardrail=verdict)
    ask(scene)
    assert read(scene) == PendingAnswer("I can't help.", True)


def test_a_hand_over_is_told_of_in_the_end(scene: Scene) -> None:
    scene.model.says(WHOLE, HandOver("missing_knowledge", "s", "I pass it on."))
    answer = ask(scene)
    pending = read(scene)
    assert answer.handed_over
    assert pending == PendingAnswer(answer.answer, True)


def test_where_nothing_could_be_searched_nothing_is_shown_too_early(scene: Scene) -> None:
    scene.knowledge_base.down = Unavailable("knowledge_base")
    scene.model.says("I don't know. [0]")
    ask(scene)
    assert scene.pending.history == []


def test_nothing_stays_of_an_answer_that_is_erased_while_it_is_written(scene: Scene) -> None:
    session_id = scene.ask("Hello, how are things?").session_id
    scene.model.writes = WRITES[1:]
    scene.model.between = lambda: scene.transcripts.erase(session_id, NOBODY)
    with pytest.raises(ErasedMeanwhile):
        ask(scene, session_id=session_id)
    assert [each.text for each in scene.pending.history] == ["Choose"]
    assert (scene.pending.kept, scene.conversations.kept) == ({}, [])


def test_nothing_stays_of_a_customer_who_is_erased_meanwhile(scene: Scene) -> None:
    scene.model.between = lambda: scene.erasure.erase(ADA.external_id)
    with pytest.raises(ErasedMeanwhile):
        ask(scene, proof=ADAS)
    assert (scene.pending.kept, scene.conversations.kept) == ({}, [])


def test_an_erased_conversation_takes_its_answers_along(scene: Scene) -> None:
    session_id = ask(scene).session_id
    scene.transcripts.erase(session_id, NOBODY)
    assert read(scene) is None


def test_an_answer_does_without_what_cannot_be_kept_of_it(scene: Scene) -> None:
    scene.pending.down = Unavailable("pending")
    answer = ask(scene)
    assert (answer.degraded, scene.log.without) == ((), ["pending", "pending"])
    assert answer.answer.startswith("Choose Forgot now")


def test_what_an_agent_takes_over_meanwhile_is_not_shown(scene: Scene) -> None:
    scene.model.says(WHOLE, HandOver("customer_request", "s", "I pass it on."))
    opened = scene.ask("Let me talk to a person")
    scene.model.says(WHOLE)
    scene.model.between = lambda: scene.reply(opened.ticket_id or "", "I'm here.", reply_id="r1")
    assert ask(scene, session_id=opened.session_id).handled_by == "agent"
    assert scene.pending.kept == {}
