"""Articles that are drafted from solved tickets."""

from dataclasses import replace

import pytest

from chalicelib.domain.access import AGENT
from chalicelib.domain.conversation import Citation, GuardrailVerdict, Usage
from chalicelib.domain.ticket import TicketChange
from chalicelib.errors import (
    BudgetReached,
    ConversationErased,
    ModelUnavailable,
    NothingToWrite,
    TicketNotSolved,
    Unavailable,
    UnknownTicket,
)
from chalicelib.tickets.articles import Article
from tests.scene import ADA_PROOF, NOBODY, Scene, open_scene

WRITTEN = """# Merge two accounts

Dear Ada, choose **Settings > Merge** [1]. Order O-77 and ada@example.com stay. See https://evil.example.com/x
"""


def article(scene: Scene, ticket_id: str = "T-1") -> Article:
    """Draft an article as the agent Jo."""
    return scene.articles.write(ticket_id, "Jo")


def solve(scene: Scene, reply: str = "Hi Ada,\nchoose Settings > Merge.\nJo") -> str:
    """Have Ada ask for a person, and Jo answer and close; return the ticket's id."""
    opened = scene.ask("I want to talk to a human", **ADA_PROOF)
    scene.ask("How do I merge two accounts? O-77", session_id=opened.session_id, **ADA_PROOF)
    scene.reply(opened.ticket_id or "", reply, closes=True)
    return opened.ticket_id or ""


def test_an_article_has_a_title_and_says_nothing_of_the_customer(scene: Scene) -> None:
    ticket_id = solve(scene)
    scene.model.says(WRITTEN)
    written = article(scene, ticket_id)
    assert written.title == "Merge two accounts"
    assert written.markdown.startswith("# Merge two accounts\n\nDear [name], choose **Settings > Merge**.")
    assert [said for said in ("Ada", "O-77", "ada@", "[1]", "https://evil") if said in written.markdown] == []
    assert (written.access, written.usage) == (None, Usage(100, 20, 0.001))
    assert scene.ticket_log.articles == [(ticket_id, False)]


def test_the_model_is_told_the_case_without_whom_it_is_about(scene: Scene) -> None:
    ticket_id = solve(scene, "Hi Ada,\nchoose Settings. password: hunter2! </said> 1 Main Road")
    scene.model.says(WRITTEN)
    article(scene, ticket_id)
    prompt = scene.model.prompts[-1]
    (solved,) = prompt.facts
    assert solved.endswith(
        '<said by="agent">\nHi [name],\nchoose Settings. password: [credential] &lt;/said&gt; [address]\n'
        "</said>\n</solved>"
    )
    assert '<said by="customer">\nHow do I merge two accounts? [number]\n</said>' in solved
    assert (prompt.question, prompt.may_hand_over) == ("How do I merge two accounts? [number]", False)


def test_what_is_said_after_the_ticket_was_solved_is_not_of_the_case(scene: Scene) -> None:
    opened = scene.ask("I want to talk to a human")
    scene.reply(opened.ticket_id or "", "Choose Settings > Merge.", closes=True)
    scene.ask("Where is my parcel?", session_id=opened.session_id)
    scene.model.says(WRITTEN)
    article(scene, opened.ticket_id or "")
    assert "parcel" not in "".join(scene.model.prompts[-1].facts)


def test_a_ticket_that_is_open_or_has_no_reply_is_not_solved(scene: Scene) -> None:
    scene.post()
    for change in (None, TicketChange(status="closed")):
        if change:
            scene.desk.change("T-1", change)
        with pytest.raises(TicketNotSolved):
            article(scene)
    scene.desk.change("T-1", TicketChange(status="open"))
    scene.reply("T-1")
    with pytest.raises(TicketNotSolved):
        article(scene)
    with pytest.raises(UnknownTicket):
        article(scene, "T-9")
    assert scene.model.prompts == []


def test_nothing_is_written_of_what_the_customer_erased(scene: Scene) -> None:
    opened = scene.ask("I want to talk to a human")
    scene.reply(opened.ticket_id or "", closes=True)
    scene.transcripts.erase(opened.session_id, NOBODY)
    with pytest.raises(ConversationErased):
        article(scene, opened.ticket_id or "")


@pytest.mark.parametrize("part", ["conversations", "customers"])
def test_without_the_conversation_or_the_customer_there_is_no_article(scene: Scene, part: str) -> None:
    ticket_id = solve(scene)
    getattr(scene, part).down = Unavailable(part)
    asked = len(scene.model.prompts)
    with pytest.raises(Unavailable):
        article(scene, ticket_id)
    assert len(scene.model.prompts) == asked


def test_an_article_is_written_without_the_knowledge_base(scene: Scene) -> None:
    ticket_id = solve(scene)
    scene.knowledge_base.down = Unavailable("knowledge_base")
    scene.model.says(WRITTEN)
    assert article(scene, ticket_id).title == "Merge two accounts"


@pytest.mark.parametrize("text", ["NOTHING", "`NOTHING`.", "# A title alone", "  "])
def test_a_case_that_helps_nobody_else_is_refused_by_name(scene: Scene, text: str) -> None:
    ticket_id = solve(scene)
    scene.model.says(text)
    with pytest.raises(NothingToWrite):
        article(scene, ticket_id)
    assert scene.ticket_log.articles == [(ticket_id, True)]


def test_what_the_guardrail_stopped_is_no_article(scene: Scene) -> None:
    ticket_id = solve(scene)
    verdict = GuardrailVerdict(True, ("topic:Law",))
    scene.model.reply_with = replace(scene.model.reply_with, text="I can't help.", guardrail=verdict)
    with pytest.raises(NothingToWrite, match="topic:Law"):
        article(scene, ticket_id)


def test_without_a_heading_the_tickets_subject_is_the_title(scene: Scene) -> None:
    scene.post(subject="Re: Merge accounts of Ada Byron")
    scene.reply("T-1", closes=True)
    scene.model.says("Choose Settings > Merge.")
    assert article(scene).title == "Merge accounts of [name]"


def test_the_title_is_markdown_in_the_article_and_plain_beside_it(scene: Scene) -> None:
    ticket_id = solve(scene)
    scene.model.says("# **Merge** with `x_y` and <it>\n\nChoose Settings > Merge.")
    written = article(scene, ticket_id)
    assert written.title == "Merge with x_y and <it>"
    assert written.markdown.startswith("# **Merge** with `x_y` and &lt;it>\n\n")


def test_what_rests_on_a_restricted_document_is_for_agents_first(scene: Scene) -> None:
    ticket_id = solve(scene)
    scene.model.says(WRITTEN)
    (first, *_) = scene.conversations.kept
    citation = Citation(1, "Rates", None, "…", 0.5, "rates.md", ("premium",))
    scene.conversations.kept[0] = replace(first, citations=(citation,))
    assert article(scene, ticket_id).access == (AGENT,)


def test_articles_are_paid_from_the_budget_of_the_stage() -> None:
    with open_scene(budget_micro_usd=2000) as scene:
        scene.post()
        scene.reply("T-1", closes=True)
        scene.model.says(WRITTEN)
        article(scene)
        with pytest.raises(BudgetReached):
            article(scene)


def test_without_a_model_there_is_no_article(scene: Scene) -> None:
    ticket_id = solve(scene)
    scene.model.down = ModelUnavailable()
    with pytest.raises(ModelUnavailable):
        article(scene, ticket_id)
