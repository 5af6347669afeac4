"""The chat page in a real browser, mostly against a server that fails on purpose."""

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import EXCHANGE, answers, ask, gap_below, install_clock, questions
from tests.browser.scripted_server import Received, Reply, ScriptedServer, answer
from tests.browser.visitor import Visitor
from tests.product import Product

UNSAFE_ADDRESSES = (
    "javascript:alert(1)",
    "https://help.example.com@evil.example/",
    "https:\\\\evil.example/",
    "https://help.example.com/a\nb",
    "https://help.example.com/\u202emoc.live",
)
HOSTILE = """
<script>alert(1)</script><img src="https://evil.example/x.png" onerror="alert(2)">

![picture](https://evil.example/pixel.gif) ![<img src=x onerror=alert(3)>](x)
<svg onload="alert(4)"><iframe src="https://evil.example"></iframe>
[click](javascript:alert(5)) [page](/chat) <a href="&#106;avascript:alert(6)" onclick="alert(7)">me</a>
<a href="data:text/html,x">data</a>
[user](https://ok.example@evil.example/b) [slash](https://ok.example\\@evil.example/c) https://ok.example@evil.example

<p style="position:fixed;inset:0" id="messages" class="unsent">styled</p><form action="/chat"><input name="q">

<style>@import "https://evil.example/x.css";</style>

<math><mtext><table><mglyph><style><!--</style><img onerror=alert(8)>

[1]: https://evil.example/stolen "A definition that would take over the mark"

# Big

| a<br>b | - [ ] c |
|---|---|

Cited [1], not cited [7], `code [1]`, and a [good link](https://ok.example/a).
"""


def test_a_newcomer_gets_a_cited_answer_and_is_understood_again(visit: Visitor, product: Product) -> None:
    page = visit(product.url)
    page.context.set_default_timeout(20_000)
    page.get_by_role("button", name="How do I reset my password?").click()
    first = answers(page).first
    expect(first.locator(".prose")).to_contain_text("password", timeout=20_000)
    expect(first.locator(".prose .mark a").first).to_have_attribute("href", re.compile("^https?://"))
    expect(first.locator(".source a").first).to_have_attribute("href", re.compile("^https?://"))

    ask(page, "and what if the mail never arrives?")
    expect(answers(page).nth(1).locator(".prose")).to_contain_text("spam", ignore_case=True, timeout=20_000)

    page.reload()
    expect(questions(page)).to_have_text(
        ["How do I reset my password?", "and what if the mail never arrives?"], timeout=20_000
    )
    expect(answers(page)).to_have_count(2)


def test_citations_are_links_to_their_source_with_an_excerpt(visit: Visitor, server: ScriptedServer) -> None:
    unlinked = {"index": 2, "title": "Internal note", "url": None, "snippet": "Kept in house.", "score": 0.4}
    unsafe = [
        {"index": index, "title": "Odd one", "url": url, "snippet": "", "score": 0.1}
        for index, url in enumerate(UNSAFE_ADDRESSES, 3)
    ]
    citations = [*answer()["citations"], unlinked, *unsafe]
    server.replies.append(Reply(answer("Reset it [1]. See too [2][3].", citations=citations)))
    page = visit(server.url)
    ask(page, "How do I reset my password?")

    mark = page.get_by_role("link", name="Source 1: Reset your password")
    source = page.get_by_role("link", name="Reset your password", exact=True)
    for link in (mark, source):
        expect(link).to_have_attribute("href", "https://help.example.com/reset")
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(page.locator(".source a")).to_have_count(1)

    excerpt = page.get_by_text("Kept in house.")
    expect(excerpt).to_be_hidden()
    page.get_by_role("button", name="Source 2: Internal note").click()
    expect(excerpt).to_be_visible()


def test_hostile_markdown_neither_runs_nor_loads_anything(visit: Visitor, server: ScriptedServer) -> None:
    server.replies.append(Reply(answer(HOSTILE)))
    page = visit(server.url)
    ask(page, "<b>bold?</b> <img src=x onerror=alert(8)>")

    prose = page.locator(".prose")
    expect(prose).to_contain_text("not cited [7]")
    expect(questions(page)).to_have_text("<b>bold?</b> <img src=x onerror=alert(8)>")
    forbidden = (
        "script, img, svg, iframe, style, form, input, math, [style], [id], [onclick]",
        "[class]:not(.mark, .scroller)",
    )
    expect(prose.locator(", ".join(forbidden))).to_have_count(0)
    hrefs = prose.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert set(hrefs) == {
        "https://help.example.com/reset",
        "https://ok.example/a",
        "https://evil.example/stolen",  # the definition shows as the text it is, with its plain link
    }
    assert all(
        href == "https://help.example.com/reset"
        for href in prose.locator(".mark a").evaluate_all("links => links.map(link => link.href)")
    )
    expect(prose.locator("code")).to_have_text("code [1]")
    expect(prose.locator("th br")).to_have_count(1)


def test_a_refusal_for_now_counts_down_and_retries_the_same_message(
    visit: Visitor, server: ScriptedServer
) -> None:
    busy = {"error": "The assistant is busy. Please try again.", "code": "model_unavailable"}
    server.replies.append(Reply(busy, status=503, headers={"Retry-After": "5"}))
    page = visit(server.url, before=install_clock)
    ask(page, "How do refunds work?")

    failure = page.locator(".failure")
    expect(failure).to_contain_text("The assistant is busy. Please try again.")
    expect(failure.get_by_role("button", name="Retry in")).to_be_disabled()
    page.clock.fast_forward(5_000)
    failure.get_by_role("button", name="Retry", exact=True).click()

    expect(answers(page)).to_have_count(1)
    expect(failure).to_be_hidden()
    first, second = server.questions()
    assert first == second
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first["message_id"])


def test_what_could_not_be_sent_survives_a_reload(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url)
    page.route("**/chat", lambda route: route.abort("connectionfailed"))
    ask(page, "Is my data safe?")
    expect(page.locator(".failure")).to_contain_text("There is no connection")
    page.get_by_label("Your message").fill("half a thought")

    page.reload()
    expect(questions(page)).to_have_text("Is my data safe?")
    expect(page.get_by_label("Your message")).to_have_value("half a thought")
    page.unroute("**/chat")
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_have_count(1)
    assert [question["query"] for question in server.questions()] == ["Is my data safe?"]


def test_a_question_answered_during_a_reload_is_not_offered_again(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    ask(page, "One")
    expect(answers(page)).to_have_count(1)
    gate = threading.Event()
    server.replies.append(Reply(answer(), gate=gate))
    with page.expect_request("**/chat") as request:
        ask(page, "Where is my order?")
    message_id = (request.value.post_data_json or {})["message_id"]
    exchange = [{**message, "message_id": message_id} for message in EXCHANGE]
    server.history = Reply({"messages": exchange, "next": None})
    page.reload()
    gate.set()
    expect(questions(page)).to_have_text(["Where is my order?"])
    expect(answers(page)).to_have_count(1)


def test_a_rejected_message_shows_why_and_can_be_edited(visit: Visitor, server: ScriptedServer) -> None:
    server.replies.append(Reply({"error": "Please ask one question.", "code": "invalid"}, status=400))
    page = visit(server.url)
    ask(page, "a?\nb?")
    expect(page.locator(".failure")).to_contain_text("Please ask one question.")
    expect(page.get_by_role("button", name="Retry")).to_be_hidden()
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_label("Your message")).to_have_value("a?\nb?")
    expect(page.get_by_label("Your message")).to_be_focused()
    expect(questions(page)).to_have_count(0)


@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html><h1>502 Bad Gateway</h1></html>", status=502, headers={"Content-Type": "text/html"}),
        Reply("<html>Please sign in</html>", headers={"Content-Type": "text/html"}),
        Reply({"response": None}),
        Reply({"message": "Endpoint request timed out"}, status=504),
    ],
    ids=["a gateway's HTML", "HTML with status 200", "no answer in it", "a gateway's JSON"],
)
def test_an_answer_that_makes_no_sense_leaves_the_page_working(
    visit: Visitor, server: ScriptedServer, reply: Reply
) -> None:
    server.replies.append(reply)
    page = visit(server.url)
    ask(page, "Anyone there?")
    expect(page.locator(".failure p")).to_have_text(re.compile("cannot be reached|could not be read"))
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_have_count(1)


@pytest.fixture
def held(server: ScriptedServer) -> Iterator[threading.Event]:
    """Hold the first answer back until the event is set."""
    gate = threading.Event()
    server.replies.append(Reply(answer(), gate=gate))
    yield gate
    gate.set()


def test_an_answer_that_never_comes_is_given_up_after_30_seconds(
    visit: Visitor, server: ScriptedServer, held: threading.Event
) -> None:
    page = visit(server.url, before=install_clock)
    ask(page, "Hello?")
    expect(page.locator(".typing")).to_be_visible()
    page.clock.fast_forward(29_000)
    expect(page.get_by_text("Still working on it…").first).to_be_visible()
    expect(page.locator(".failure")).to_be_hidden()
    page.clock.fast_forward(1_000)
    expect(page.locator(".failure")).to_contain_text("No answer came in time.")
    expect(page.locator(".typing")).to_have_count(0)


def test_enter_sends_once_and_only_when_it_means_send(
    visit: Visitor, server: ScriptedServer, held: threading.Event
) -> None:
    page = visit(server.url)
    box = page.get_by_label("Your message")
    box.fill("line one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(box).to_have_value("line one\ntwo")
    # What a paste can carry along: a bell, and half of an emoji.
    box.evaluate("box => { box.value += '\\u0007\\ud83d'; box.dispatchEvent(new Event('input')); }")
    box.press("Enter")
    box.press("Enter")
    expect(box).to_have_value("")
    held.set()
    expect(answers(page)).to_have_count(1)
    assert [question["query"] for question in server.questions()] == ["line one\ntwo"]


def test_what_is_written_meanwhile_is_joined_and_sent_after_the_answer(
    visit: Visitor, server: ScriptedServer, held: threading.Event
) -> None:
    page = visit(server.url)
    for text in ("One", "and two,", "and three?", "x" * 3990):
        ask(page, text)
    # What is too much for one question stays where it was written.
    expect(page.get_by_label("Your message")).to_have_value("x" * 3990)
    expect(questions(page)).to_have_text(["One", "and two,\nand three?"])
    expect(page.locator(".delivery").last).to_have_text("Sent after this answer")
    held.set()
    expect(answers(page)).to_have_count(2)
    order = page.locator("#messages > li").evaluate_all("all => all.map(one => one.classList[1])")
    assert order == ["customer", "assistant"] * 2
    expect(page.locator(".delivery").last).to_be_hidden()
    assert [question["query"] for question in server.questions()] == ["One", "and two,\nand three?"]
    assert server.questions()[1]["session_id"] == "session-1"


@pytest.mark.parametrize("is_left", [True, False], ids=["a reload", "a failure"])
def test_what_waits_to_be_sent_is_not_lost(visit: Visitor, server: ScriptedServer, is_left: bool) -> None:
    gate = threading.Event()
    server.replies.append(Reply({"error": "Later."}, status=503, gate=gate))
    page = visit(server.url)
    ask(page, "One")
    ask(page, "Two")
    expect(questions(page)).to_have_text(["One", "Two"])
    if is_left:
        page.reload()
    gate.set()
    # In the composer, or among what was not sent.
    page.wait_for_function("""() => {
        const failed = [...document.querySelectorAll('.unsent .bubble')].map(bubble => bubble.textContent);
        return [...failed, document.getElementById('question').value].filter(Boolean).join() === 'One,Two';
    }""")


def test_who_wants_to_send_a_file_reads_what_to_do_instead(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url)
    bring = """([kind, ...types]) => {
        const data = new DataTransfer();
        if (types.includes('file')) data.items.add(new File(['x'], 'receipt.png', { type: 'image/png' }));
        if (types.includes('text')) data.setData('text/plain', 'words');
        const options = { bubbles: true, cancelable: true };
        const event = kind === 'paste'
            ? new ClipboardEvent(kind, { clipboardData: data, ...options })
            : new DragEvent(kind, { dataTransfer: data, ...options });
        return !document.getElementById('question').dispatchEvent(event);
    }"""
    for kept in (["paste", "text"], ["paste", "text", "file"], ["drop", "text"]):
        assert not page.evaluate(bring, kept)
    expect(page.locator("#hint")).to_contain_text("Answers can be wrong.")
    # Some file managers name what is dropped in words as well.
    for refused in (["dragover", "text", "file"], ["drop", "text", "file"], ["paste", "file"]):
        assert page.evaluate(bring, refused)
    expect(page.locator("#hint")).to_contain_text("Files can’t be sent here.")
    expect(page.get_by_role("status")).to_contain_text("ask for a person")


def test_a_text_over_the_limit_is_counted_and_kept_but_not_sent(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    box = page.get_by_label("Your message")
    box.fill("🙂" * 4000)
    expect(page.locator("#counter")).to_have_text("4,000 / 4,000")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    box.fill("🙂" * 4001)
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    box.press("Enter")
    expect(page.locator("#counter")).to_have_text("4,001 / 4,000")
    expect(questions(page)).to_have_count(0)


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_below_a_stages_path_everything_goes_to_that_stage(visit: Visitor, path: str) -> None:
    server = ScriptedServer(prefix="/api")
    try:
        page = visit(server.url.removesuffix("/api") + path)
        ask(page, "Hello?")
        page.get_by_role("button", name="Helpful", exact=True).click()
        expect(page.get_by_text("Thank you.").first).to_be_visible()
        assert [(request.method, request.path) for request in server.received] == [
            ("POST", "/chat"),
            ("POST", "/chat/session-1/feedback"),
        ]
    finally:
        server.close()


def test_a_reload_restores_the_conversation_until_a_new_one_is_started(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    ask(page, "Where is my order?")
    expect(answers(page)).to_have_count(1)
    server.history = Reply({"session_id": "session-1", "messages": EXCHANGE, "next": None})
    page.reload()
    expect(questions(page)).to_have_text("Where is my order?")
    expect(answers(page).locator("strong")).to_have_text("on its way")
    expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")
    ask(page, "And when?")
    expect(answers(page)).to_have_count(2)

    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    ask(page, "Something else")
    expect(answers(page)).to_have_count(1)
    assert [question.get("session_id") for question in server.questions()] == [None, "session-1", None]


def leave_a_slow_answer(page: Page) -> None:
    ask(page, "Too slow")
    expect(page.locator(".typing")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()


def test_an_answer_to_a_conversation_that_was_left_does_not_appear(
    visit: Visitor, server: ScriptedServer, held: threading.Event
) -> None:
    page = visit(server.url)
    leave_a_slow_answer(page)
    held.set()
    page.evaluate("() => new Promise(done => setTimeout(done, 50))")
    expect(page.get_by_role("status")).to_have_text("New conversation.")
    ask(page, "Something else")
    expect(questions(page)).to_have_text("Something else")
    expect(answers(page)).to_have_count(1)
    assert "session_id" not in server.questions()[1]


def test_an_undo_brings_back_the_question_that_was_on_its_way(
    visit: Visitor, server: ScriptedServer, held: threading.Event
) -> None:
    page = visit(server.url)
    leave_a_slow_answer(page)
    page.get_by_role("button", name="Undo").click()
    held.set()
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_have_count(1)
    first, again = server.questions()
    assert first == again


def test_who_starts_over_while_the_page_loads_keeps_what_was_not_sent(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    server.replies.extend([Reply(answer()), Reply({"error": "Later."}, status=503)])
    ask(page, "One")
    expect(answers(page)).to_have_count(1)
    ask(page, "Two")
    expect(page.locator(".failure").last).to_contain_text("Later.")
    server.history = Reply({"messages": EXCHANGE}, gate=threading.Event())
    page.reload()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_label("Your message")).to_have_value("Two")
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()


def test_earlier_messages_come_on_demand(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url)
    ask(page, "Now")
    expect(answers(page)).to_have_count(1)
    server.history = Reply({"messages": [{**EXCHANGE[0], "content": "Now"}], "next": "1700"})
    page.reload()
    expect(questions(page)).to_have_text(["Now"])
    server.history = Reply({"messages": EXCHANGE, "next": None})
    page.get_by_role("button", name="Show earlier messages").click()
    expect(questions(page)).to_have_text(["Where is my order?", "Now"])
    expect(page.get_by_role("button", name="Show earlier messages")).to_be_hidden()
    assert server.received[-1] == Received("GET", "/chat/session-1?before=1700", None)


def test_a_conversation_that_cannot_be_read_now_can_be_read_later(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    ask(page, "Where is my order?")
    expect(answers(page)).to_have_count(1)
    server.history = Reply({"error": "Later, please."}, status=503)
    page.reload()
    notice = page.locator("#history-notice")
    expect(notice).to_contain_text("could not be loaded")
    assert gap_below(page, "#welcome", "#history-notice") == 24
    server.history = Reply({"session_id": "session-1", "messages": EXCHANGE, "next": None})
    notice.get_by_role("button", name="Try again").click()
    expect(questions(page)).to_have_text("Where is my order?")
    expect(notice).to_be_hidden()


def test_a_session_that_the_server_forgot_gives_way_to_a_new_one(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    ask(page, "One")
    expect(answers(page)).to_have_count(1)
    refusal = Reply({"error": "Not your session.", "code": "forbidden"}, status=403)
    server.replies.extend([refusal, Reply(answer("Hello again.", session_id="session-2"))])
    ask(page, "Two")
    expect(answers(page).nth(1)).to_contain_text("I could not read our earlier conversation")
    ask(page, "Three")
    expect(answers(page)).to_have_count(3)
    assert [question.get("session_id") for question in server.questions()] == [
        None,
        "session-1",
        None,
        "session-2",
    ]

    page.reload()  # the history of session-2 is a 404: a fresh start, without a word
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    expect(page.locator("#history-notice")).to_be_hidden()


def test_tickets_limits_and_gaps_are_said_in_words(visit: Visitor, server: ScriptedServer) -> None:
    reply = answer(
        "A colleague will read this.",
        citations=[],
        escalation={"ticket_id": "T-42", "reason": "customer_request"},
        guardrail={"intervened": True, "reasons": ["topic"]},
        degraded=["history", "sentiment"],
    )
    server.replies.append(Reply(reply))
    page = visit(server.url)
    page.get_by_role("button", name="I would like to talk to a person").click()
    expect(page.locator(".chip")).to_have_text("Waiting for our support team")
    expect(page.locator(".remarks li")).to_have_text(
        [re.compile("content policy"), re.compile("could not read our earlier conversation")]
    )


def test_a_rating_that_was_not_saved_is_taken_back(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url)
    ask(page, "Hello?")
    expect(answers(page)).to_have_count(1)
    server.replies.append(Reply({"error": "Not just now."}, status=503))
    down = page.get_by_role("button", name="Not helpful")
    down.click()
    expect(page.locator(".feedback-word")).to_have_text("Your rating was not saved. Not just now.")
    expect(down).to_have_attribute("aria-pressed", "false")
    down.click()
    expect(page.locator(".feedback-word")).to_have_text("Thank you.")
    expect(down).to_have_attribute("aria-pressed", "true")
    rating = {"message_id": "server-message-1", "rating": "down"}
    assert server.received[-1] == Received("POST", "/chat/session-1/feedback", rating)


MEANINGS = {
    "3~5 days, 7~10 days": "<p>3~5 days, 7~10 days</p>",
    "~~29 EUR~~ **19 EUR**": "<p><del>29 EUR</del> <strong>19 EUR</strong></p>",
    "<del>39</del> <ins>24</ins> 10<sup>6</sup> H<sub>2</sub>O": (
        "<p><del>39</del> <ins>24</ins> 10<sup>6</sup> H<sub>2</sub>O</p>"
    ),
    "open <del>x, <your name>": "<p>open &lt;del&gt;x, &lt;your name&gt;</p>",
    "<b onclick='x()'>a <i>b</i></b>, <small>c</small>, <abbr title='d'>d</abbr><br class=x>e</b>": (
        "<p><b>a <i>b</i></b>, <small>c</small>, d<br>e</p>"
    ),
    "<b>\nNote\n</b>\n\n<br>\n\n<b><script>x()</script></b> </span>y": (
        "<p><b><br>Note</b></p><p><br></p><p><b>&lt;script&gt;x()&lt;/script&gt;</b> y</p>"
    ),
    "20*30*40 cm, 2**3 and 4**5, 重*要*だ": "<p>20*30*40 cm, 2**3 and 4**5, 重<em>要</em>だ</p>",
    "> 10 kg: 12 EUR": "<p>&gt; 10 kg: 12 EUR</p>",
    "> said": "<blockquote><p>said</p></blockquote>",
    "- [x] done\n- [ ] open": "<ul><li>☑ done</li><li>☐ open</li></ul>",
    "3. a\n5. b": '<ol start="3"><li value="3">a</li><li value="5">b</li></ol>',
    "1. a\n1. b": "<ol><li>a</li><li>b</li></ol>",
    "![the chart](x.png) ![](y.png)": "<p>the chart y.png</p>",
}
"""Markdown whose characters carry meaning, and what must be in the page for it."""


def test_every_character_with_meaning_is_shown(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url)
    for number, text in enumerate(MEANINGS):
        server.replies.append(Reply(answer(text, citations=[])))
        ask(page, "And?")
        expect(answers(page)).to_have_count(number + 1)
    shown = page.locator(".prose").evaluate_all("all => all.map(one => one.innerHTML.replaceAll('\\n', ''))")
    assert dict(zip(MEANINGS, shown, strict=True)) == MEANINGS


@pytest.mark.parametrize("width", [360, 1280])
def test_a_table_keeps_its_alignment_and_all_of_its_cells(
    visit: Visitor, server: ScriptedServer, width: int
) -> None:
    table = "| Item | Price | Mid |\n|:---|---:|:---:|\n| a | 1.00 | x | more |\n\nafter"
    server.replies.append(Reply(answer(table)))
    page = visit(server.url, viewport={"width": width, "height": 640})
    ask(page, "Prices?")
    cells = page.locator(".prose td")
    expect(cells).to_have_text(["a", "1.00", "x", "more"])
    aligned = cells.evaluate_all("cells => cells.map(cell => getComputedStyle(cell).textAlign)")
    assert aligned == ["start", "right", "center", "start"]


def test_a_phone_scrolls_only_up_and_down(visit: Visitor, server: ScriptedServer) -> None:
    table = f"|{'column |' * 9}\n|{'---|' * 9}\n|{'wide value |' * 9}"
    server.replies.append(Reply(answer(f"{table}\n\n```\n{'x' * 200}\n```\n\n{'y' * 200} [1]")))
    server.replies.append(Reply({"error": "Busy."}, status=503, headers={"Retry-After": "90"}))
    page = visit(server.url, viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    ask(page, "z" * 300)
    expect(answers(page)).to_have_count(1)
    ask(page, "again")
    expect(page.locator(".failure").last).to_be_visible()
    wide = """['html', 'body', 'main', 'header', 'footer'].filter(
        name => { const e = document.querySelector(name); return e.scrollWidth > e.clientWidth; })"""
    assert page.evaluate(wide) == []
    send = page.get_by_role("button", name="Send").bounding_box()
    assert send is not None
    assert send["y"] + send["height"] <= 640
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("region", name="Earlier conversations")).to_be_visible()
    expect(page.get_by_role("heading", name="How can we help?")).to_be_in_viewport()
    assert page.evaluate(wide) == []


def test_a_conversation_is_deleted_once_the_customer_says_so(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url)
    delete = page.get_by_role("button", name="Delete conversation")
    expect(delete).to_be_hidden()
    ask(page, "Where is my order?")
    expect(answers(page)).to_have_count(1)
    delete.click()
    dialog = page.get_by_role("dialog", name="Delete this conversation?")
    expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(delete).to_be_focused()

    delete.click()
    server.replies.extend([Reply({"error": "Later."}, status=503), Reply("", status=204)])
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_have_text("It is not deleted yet. Later.")
    server.history = Reply({"messages": EXCHANGE, "newest": "1"})
    other = page.context.new_page()
    other.goto(server.url)
    expect(questions(other)).to_have_count(1)
    dialog.get_by_role("button", name="Delete").click()
    expect(other.get_by_text("Your conversation was deleted.").first).to_be_visible()
    expect(questions(other)).to_have_count(0)
    expect(page.get_by_text("Your conversation was deleted.").first).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(delete).to_be_hidden()
    expect(questions(page)).to_have_count(0)
    assert server.received[-1] == Received("DELETE", "/chat/session-1", None)
    ask(page, "Something else")
    expect(answers(page)).to_have_count(1)
    expect(page.locator("#erased")).to_be_hidden()
    assert "session_id" not in server.questions()[-1]


def test_earlier_conversations_can_be_gone_back_to(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url)
    past = page.get_by_role("region", name="Earlier conversations")
    expect(past).to_be_hidden()
    ask(page, "Where is my order?")
    expect(answers(page)).to_have_count(1)
    page.get_by_role("button", name="New conversation").click()
    server.replies.append(Reply(answer("Another.", session_id="session-2")))
    ask(page, "Refunds?")
    expect(answers(page)).to_have_text(re.compile("Another"))

    page.get_by_role("button", name="New conversation").click()
    expect(past.get_by_role("button")).to_have_text(["Refunds?", "Where is my order?"])
    server.history = Reply({"session_id": "session-1", "messages": EXCHANGE, "next": None})
    past.get_by_role("button", name="Where is my order?").click()
    expect(questions(page)).to_have_text(["Where is my order?"])
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="Undo").click()
    expect(answers(page).locator("strong")).to_have_text("on its way")
    paths = [request.path for request in server.received if request.method == "GET"]
    assert paths == ["/chat/session-1", "/chat/session-1"]

    # What the server does not know any more leaves the list.
    page.get_by_role("button", name="New conversation").click()
    server.history = Reply({"error": "Unknown."}, status=404)
    past.get_by_role("button", name="Refunds?").click()
    expect(past.get_by_role("button")).to_have_text(["Where is my order?"])
    expect(page.locator("#announcer")).not_to_have_text("New conversation.")
    server.history = Reply({"messages": [], "newest": None, "ticket": None})
    past.get_by_role("button", name="Where is my order?").click()
    expect(past).to_be_hidden()
