"""`dev.py eval`: what it asks, how it judges what came, and what it says of it."""

import json
import threading
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.eval.asking import Chat, Observed, Source
from cli.eval.cases import Case, read_cases
from cli.eval.command import SAMPLES, evaluate
from cli.eval.judging import is_backed, judge
from cli.eval.report import html_report
from cli.eval.results import Result, summary
from cli.options import build_parser
from devstack.ports import HOST
from tests.local_server import LocalHandler, LocalServer
from tooling.errors import CommandError

REFUND = Source(1, "Get a refund", "https://help.example.com/articles/get-a-refund", "Refunds take 5 days.")
PLANS = Source(2, "Plans", "", "Growth costs €49.")
ASKED = Case(turns=("How long do refunds take?",), sources=("get-a-refund",))
ANSWERED = Observed("Refunds take 5 days. [1]", (REFUND,), milliseconds=80.0)
NOTHING: dict[str, Any] = {"reasons": [], "intervened": False}
BODY = {
    "response": ANSWERED.answer,
    "session_id": "s-1",
    "citations": [{"index": 1, "title": REFUND.title, "url": REFUND.url, "snippet": REFUND.snippet}],
    "guardrail": NOTHING,
    "escalation": None,
    "model": "m",
    "usage": {"cost_usd": 0.25},
    "degraded": [],
}
Answers = list[tuple[int, dict[str, Any]]]


class ScriptedChat(LocalServer):
    """A chat that gives the answers it was told to, the last one from then on, and notes what was asked."""

    def __init__(self, answers: Answers) -> None:
        self.asked: list[dict[str, Any]] = []
        self.erased: list[str] = []
        chat, left, lock = self, list(answers), threading.Lock()

        class Handler(LocalHandler):
            def do_POST(self) -> None:
                chat.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                with lock:
                    status, body = left.pop(0) if len(left) > 1 else left[0]
                self._send(status, json.dumps(body).encode())

            def do_DELETE(self) -> None:
                chat.erased.append(self.path)
                self._send(204, b"")

            def _send(self, status: int, body: bytes) -> None:
                self.answer(status, body, {"Retry-After": "7"})

        super().__init__(Handler)


@pytest.fixture
def scripted() -> Iterator[Any]:
    chats: list[ScriptedChat] = []

    def start(*answers: tuple[int, dict[str, Any]]) -> ScriptedChat:
        chats.append(ScriptedChat(list(answers)))
        return chats[-1]

    yield start
    for chat in chats:
        chat.close()


def options(chat: ScriptedChat, folder: Path, *arguments: str) -> Namespace:
    return build_parser().parse_args(
        ["eval", *arguments, "--port", str(chat.port), "--data-dir", str(folder)]
    )


def write_set(folder: Path, cases: Sequence[Case]) -> str:
    path = folder / "set.jsonl"
    path.write_text("\n".join(each.model_dump_json(exclude_defaults=True) for each in cases), "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"turns": ["a"]}', "line 1: sources: an answer needs at least one"),
        ('{"turns": ["a"], "expected": "refused", "sources": ["b"]}', "none belongs to refused"),
        ('{"turns": []}', "line 1: turns"),
        ('{"turns": ["a"], "expected": "maybe"}', "line 1: expected"),
        ('{"turns": ["a"], "source": "b"}', "line 1: source: Extra inputs"),
        ('{"turns": ["a"', "line 1: Invalid JSON"),
        ("\n", "holds no case"),
        ('{"turns": ["a"], "sources": ["b"]}\n' * 2, "line 2: the same case stands above"),
    ],
)
def test_a_line_that_is_no_case_is_named(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "set.jsonl").write_text(line, "utf-8")
    with pytest.raises(CommandError, match=problem):
        read_cases(tmp_path / "set.jsonl")


@pytest.mark.parametrize("text", ["\ufeff{}", "{}\r\n", "\n{}\n\n"])
def test_a_set_is_read_as_editors_save_it(tmp_path: Path, text: str) -> None:
    case = Case(turns=("a\u2028b\x85c",), sources=("d",))
    line = json.dumps(case.model_dump(), ensure_ascii=False)
    (tmp_path / "set.jsonl").write_text(text.replace("{}", line), "utf-8")
    assert read_cases(tmp_path / "set.jsonl") == [case]


def test_a_set_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.jsonl cannot be read"):
        read_cases(tmp_path / "none.jsonl")


def test_the_samples_ask_in_ten_languages_and_all_kinds() -> None:
    cases = read_cases(SAMPLES)
    tags = {tag for case in cases for tag in case.tags}
    assert len(cases) >= 200
    assert len({case.language for case in cases}) == 10
    assert {"follow-up", "typo", "several questions", "off-topic", "hostile", "unanswerable"} <= tags


@pytest.mark.parametrize(
    ("expected", "seen", "reason"),
    [
        ("answer", ANSWERED, ""),
        ("answer", Observed("x", (PLANS, REFUND)), "answered from Plans first"),
        ("answer", Observed("I don't know."), "not answered"),
        ("answer", Observed("x", (REFUND,), degraded=("history",)), "degraded: history"),
        (
            "answer",
            Observed("x", (REFUND,), hand_over_reason="customer_request"),
            "handed over: customer_request",
        ),
        ("answer", Observed("x", (REFUND,), is_refused=True), "refused"),
        ("answer", Observed(problem="503 unavailable"), "no answer: 503 unavailable"),
        ("no_answer", Observed("I don't know."), ""),
        ("no_answer", Observed("No.", is_refused=True), ""),
        ("no_answer", ANSWERED, "answered from Get a refund"),
        ("refused", Observed("No.", is_refused=True), ""),
        ("refused", Observed("I don't know."), "not refused"),
        ("hand_over", Observed("x", hand_over_reason="customer_request"), ""),
        ("hand_over", ANSWERED, "not handed over"),
    ],
)
def test_what_came_is_held_to_what_was_expected(expected: Any, seen: Observed, reason: str) -> None:
    sources = ASKED.sources if expected == "answer" else ()
    assert judge(Case(turns=ASKED.turns, sources=sources, expected=expected), seen).reason == reason


@pytest.mark.parametrize(
    ("claim", "language", "is_valid"),
    [
        ("Refunds take 5 days.", "en", True),
        ("A refund takes 5 days.", "en", True),
        ("Refunds take 7 days.", "en", False),
        ("Penguins live in the cold.", "en", False),
        ("Sign in first.\nRefunds take 5 days.", "en", True),
        ("Erstattungen dauern 5 Tage.", "de", True),
        ("Erstattungen dauern 9 Tage.", "de", False),
    ],
)
def test_a_source_backs_what_it_says(claim: str, language: str, is_valid: bool) -> None:
    assert is_backed(claim, [REFUND], language) is is_valid


@pytest.mark.parametrize(
    ("answer", "valid", "counted"),
    [
        ("Refunds take 5 days. [1] Growth costs €49. [2]", 2, 2),
        ("Growth costs €49. [1] Growth costs €49. [2]", 1, 2),
        ("Refunds take 5 days. [1]\n\nWe ask your bank first. [1]", 1, 1),
    ],
)
def test_each_source_is_held_to_what_it_is_first_cited_for(answer: str, valid: int, counted: int) -> None:
    verdict = judge(ASKED, Observed(answer, (REFUND, PLANS)))
    assert (verdict.valid_claims, verdict.claims) == (valid, counted)


def test_the_turns_of_a_case_are_one_conversation_that_is_erased(scripted: Any) -> None:
    chat = scripted((200, BODY))
    seen = Chat(f"http://{HOST}:{chat.port}", "", is_local=True).ask(Case(turns=("a", "b"), sources=("c",)))
    assert chat.asked == [{"query": "a"}, {"query": "b", "session_id": "s-1"}]
    assert chat.erased == ["/chat/s-1"]
    assert (seen.answer, seen.sources, seen.cost_usd) == (BODY["response"], (REFUND,), 0.5)


def test_who_asks_too_much_waits_as_long_as_told(scripted: Any) -> None:
    waits: list[float] = []
    chat = scripted((429, {"error": "…", "code": "rate_limited"}), (200, BODY))
    seen = Chat(f"http://{HOST}:{chat.port}", "", is_local=True, pause=waits.append).ask(ASKED)
    assert (waits, seen.answer) == ([7.0], BODY["response"])


def test_an_outage_is_a_case_that_failed(scripted: Any) -> None:
    chat = scripted((503, {"error": "…", "code": "unavailable"}))
    seen = Chat(f"http://{HOST}:{chat.port}", "", is_local=True, pause=lambda _: None).ask(ASKED)
    assert judge(ASKED, seen).reason == "no answer: 503 unavailable"


def test_a_budget_that_is_used_up_ends_the_run_for_now(
    scripted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = scripted((200, BODY), (429, {"error": "…", "code": "budget_reached"}))
    cases = [ASKED, Case(turns=("Other?",), sources=("get-a-refund",))]
    arguments = (write_set(tmp_path, cases), "--at-once", "1")
    assert evaluate(options(chat, tmp_path, *arguments)) == 1
    assert "--resume goes on tomorrow" in capsys.readouterr().err
    other = scripted((200, BODY))
    assert evaluate(options(other, tmp_path, *arguments, "--resume")) == 0
    assert len(other.asked) == 1


def test_a_run_that_was_cut_off_asks_again_only_what_it_lost(scripted: Any, tmp_path: Path) -> None:
    cases = [Case(turns=(turn,), sources=("get-a-refund",)) for turn in "abcd"]
    arguments = (write_set(tmp_path, cases), "--at-once", "1")
    chat = scripted((200, {**BODY, "response": "Two\u2028lines [1]"}))
    evaluate(options(chat, tmp_path, *arguments))
    kept = tmp_path / "eval" / "local" / "set" / "run.jsonl"
    # It dies while it writes the last line.
    kept.write_text(kept.read_text("utf-8").rpartition("\n")[0] + "\n{", "utf-8")
    for asked in (["d"], []):
        chat.asked.clear()
        evaluate(options(chat, tmp_path, *arguments, "--resume"))
        assert [each["query"] for each in chat.asked] == asked


def test_a_run_that_goes_on_asks_again_what_met_an_outage(scripted: Any, tmp_path: Path) -> None:
    cases = [Case(turns=(turn,), sources=("get-a-refund",)) for turn in "abc"]
    arguments = (write_set(tmp_path, cases), "--at-once", "1")
    failed, partial = {"error": "…", "code": "internal"}, {**BODY, "degraded": ["knowledge_base"]}
    chat = scripted((200, BODY), (504, failed), (200, partial), (200, BODY))
    for asked in (["a", "b", "c"], ["b", "c"], []):
        chat.asked.clear()
        evaluate(options(chat, tmp_path, *arguments, "--resume"))
        assert [each["query"] for each in chat.asked] == asked


def test_a_report_that_cannot_be_written_is_said(
    scripted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = str(tmp_path / "none" / "report.html")
    arguments = (write_set(tmp_path, [ASKED]), "--report", report)
    assert evaluate(options(scripted((200, BODY)), tmp_path, *arguments)) == 1
    assert f"{report}: No such file or directory." in capsys.readouterr().err


def test_a_run_that_nobody_answers_says_how_to_start_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = ScriptedChat([(200, BODY)])
    closed.close()
    assert evaluate(options(closed, tmp_path, write_set(tmp_path, [ASKED]))) == 1
    assert "Start it with `python3 dev.py run`" in capsys.readouterr().err


def test_the_figures_are_printed_as_json(
    scripted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Case(turns=("Off topic?",), expected="no_answer")
    chat = scripted((200, BODY))
    assert evaluate(options(chat, tmp_path, write_set(tmp_path, [ASKED, refused]), "--json")) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["cases"], figures["answered"], figures["right_first"]) == (2, 1, 1)
    assert (figures["refusals_right"], figures["hand_overs_right"]) == (0, None)
    assert figures["cost_usd"] == 0.5
    assert [each["turns"] for each in figures["failures"]] == [["Off topic?"]]


def test_a_share_below_its_least_fails_the_run(
    scripted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = scripted((200, {**BODY, "citations": []}))
    file = write_set(tmp_path, [ASKED])
    assert evaluate(options(chat, tmp_path, file, "--least", "right_first=0.5")) == 1
    assert "right source first: 0.0 %, and 50.0 % is the least" in capsys.readouterr().err


def test_the_run_before_is_compared(
    scripted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_set(tmp_path, [ASKED])
    evaluate(options(scripted((200, BODY)), tmp_path, file))
    evaluate(options(scripted((200, {**BODY, "citations": []})), tmp_path, file))
    out = capsys.readouterr().out
    assert "-100.0" in out
    assert "How long do refunds take?: not answered" in out


def test_a_case_that_varies_is_not_right_each_time() -> None:
    figures = summary([Result(ASKED, (ANSWERED, Observed("?")))])
    assert (figures["right"], figures["right_each_time"]) == (0.5, 0)
    assert (figures["failures"][0]["right_times"], figures["failures"][0]["times"]) == (1, 2)


def test_the_page_shows_what_was_said_as_text() -> None:
    case = Case(turns=("<script>alert(1)</script>",), sources=("<b>",))
    results = [Result(case, (Observed("<img src=x onerror=alert(1)>"),))]
    page = html_report(results, summary(results), "Answers")
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_prod_is_not_asked_by_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parsed = build_parser().parse_args(["eval", "--stage", "prod", "--data-dir", str(tmp_path)])
    assert evaluate(parsed) == 1
    assert "--even-prod" in capsys.readouterr().err


@pytest.mark.parametrize("least", ["right_first", "right_first=2", "right_first=nan", "cases=1"])
def test_a_least_that_is_no_share_is_refused(least: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["eval", "--least", least])
    assert "--least" in capsys.readouterr().err
