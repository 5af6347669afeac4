"""Time in proportion to the input: every pattern and parser, fed what makes it look at a text twice."""

import ast
import importlib
import json
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest

import chalicelib
from chalicelib.api.agent_tokens import AgentTokens
from chalicelib.api.chat import ChatRequest, FeedbackRequest, HistoryQuery, ProofHeaders
from chalicelib.api.cors import PROOF_HEADERS
from chalicelib.api.parsing import parse, parse_body, parse_path
from chalicelib.api.tickets import TicketFeedbackRequest, TicketRequest, TicketsQuery
from chalicelib.chat.citations import resolve, without_marks
from chalicelib.chat.prompts import HistoryBudget, build_prompt
from chalicelib.chat.reading.own_words import own_subject, own_words
from chalicelib.chat.reading.person_request import asks_for_a_person
from chalicelib.chat.reading.questions import is_follow_up, questions_in
from chalicelib.chat.reading.small_talk import small_talk
from chalicelib.chat.search_query import search_queries
from chalicelib.chat.sessions import Sessions
from chalicelib.chat.snippets import snippet
from chalicelib.domain.access import NOBODY_KNOWN
from chalicelib.domain.conversation import Exchange, Passage
from chalicelib.errors import SupportError
from chalicelib.gateways.converse import ModelOptions, sampling_of
from chalicelib.gateways.failure_reasons import read_failures
from chalicelib.gateways.knowledge_base import KnowledgeBase
from chalicelib.logs import SearchLogger
from chalicelib.masking import mask, mask_values
from chalicelib.masking.personal import Known, without_person
from chalicelib.sync.s3_notices import read_notices
from tests.fakes import START
from tooling.project import ROOT

SMALL_CHARS, LARGE_CHARS = 1_000, 4_000
MOST_GROWTH = 8
"""For four times the text: in proportion, and some noise. With its square it would be sixteen."""
NOTICEABLE_SECONDS = 0.002
ROUNDS = 4

PIECES_BETWEEN_SIGNS = (
    " §\n§\t§\u3000§a§A§1§٣§é§語§İ§😀§-§_§.§,§:§;§=§/§\\§<§<  §</§[§[1§[[1]§[1]§[1](§[1, §【1】§^§`§``x§"
    '```\n§~~~\n§\n\n§(§)(§{§"§\'§{"§&§%§%41§+§?§!§*§|§#§@§a@b.c:§a-§1-§1.§1, §[Files: s3://a/§'
    '[File: s3://§s3://§Ignored 1 files. §Encountered error:§["§\\u§\\"§talk to a real §speak with §'
    "i want §get me a human §can someone §mit einem §my customers §ok §and §is there §what about §"
    "it §don't want to §agent.§a person!§> §On a wrote:\n§From: a\n§Re: §[#1] §-- \n§Dear §Thanks, §hello §"
)
PIECES = PIECES_BETWEEN_SIGNS.split("§")[:-1]
"""What repeats badly in one pattern or another."""
SECRETS_BETWEEN_SIGNS = (
    "password §password:§password is §password for §password(§password (§<password>§pw.§pw='§pw=\"§"
    "pw=a,§pw=a<§pw:\n§secret: <§token=§token:[§key §api key §pin §otp 1§x is my pw§"
    'password for a b c §passwort auf §login: a / §user/password: a §{"password": "§密码是§パスワード§'
    "passphrase: word word §eyJ-§eyJaaaaaaaa§SG.aaaaaaaaaaaaaaaaaaaa§sk-ant-§sk-a1§ghp_§gl§AKIA§1//0§"
    "AAAAAAAAAAAAAAAAAAAA§4111 §41 §4 §4111111111111111 §4111111111111111, §order 4111111111111111 §"
    "order number §-----BEGIN §-----BEGIN PRIVATE KEY-----\n§-----END PRIVATE KEY-----§Comment: a\n§"
    "PuTTY-User-Key-File-2: a\n§a://§a://b:§a://b:c@§bearer §basic YTpi§authorization: §cookie: a=§"
    "-u a:§mysql -§docker login §sshpass -p §machine a login b password §?sig=§api.telegram.org/bot§"
    "visa-§s/n §card §4242 4242 §my order is: §「§--password §basic aB§is: the §'s §"
)
SECRETS = SECRETS_BETWEEN_SIGNS.split("§")[:-1]
"""What masking looks for."""
FILLINGS = (" ", "a")


def texts(pieces: Iterable[str], chars: int) -> Iterator[str]:
    """Yield hostile texts: a piece over and over, before and behind a long run, and between short ones."""
    for piece in pieces:
        yield (piece * chars)[:chars]
        for filling in FILLINGS:
            yield piece + filling * chars
            yield filling * chars + piece
            yield ((piece + filling * 9) * chars)[:chars]


def seconds(work: Callable[[str], object], text: str) -> float:
    """Return the processor time of a piece of work, which other processes on the machine do not lengthen."""
    started = time.thread_time()
    work(text)
    return time.thread_time() - started


def growth(work: Callable[[str], object], small: str, large: str) -> float:
    """Return how many times as long the larger text takes; 1 where it takes no time to speak of.

    Measured again while it looks bad: noise passes, a pattern's fault does not.
    """
    least_small = least_large = float("inf")
    for _ in range(ROUNDS):
        least_large = min(least_large, seconds(work, large))
        if least_large < NOTICEABLE_SECONDS:
            return 1
        least_small = min(least_small, seconds(work, small))
        if least_large <= MOST_GROWTH * least_small:
            break
    return least_large / least_small


def superlinear(work: Callable[[str], object], pieces: Iterable[str]) -> dict[str, float]:
    """Return the beginnings of the texts whose time outgrows their size, and how many times."""
    pieces = list(pieces)
    sizes = zip(texts(pieces, SMALL_CHARS), texts(pieces, LARGE_CHARS), strict=True)
    grown = {small[:40]: growth(work, small, large) for small, large in sizes}
    return {text: times for text, times in grown.items() if times > MOST_GROWTH}


def modules() -> Iterator[str]:
    return (module.name for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."))


def patterns_in(value: object) -> Iterator[re.Pattern[str]]:
    """Yield the compiled patterns in a value and in what it holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from patterns_in(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from patterns_in(inner)


PATTERNS: dict[re.Pattern[str], str] = {
    pattern: f"{module.removeprefix('chalicelib.')}.{name}"
    for module in modules()
    for name, value in vars(importlib.import_module(module)).items()
    for pattern in patterns_in(value)
}
"""Each compiled pattern of the app, and where it is found."""


def pieces_of(pattern: re.Pattern[str]) -> list[str]:
    """Return the words and signs of a pattern's own source, and the common pieces whose signs it holds."""
    words = set(re.findall(r"[^\W\d_]{2,}", pattern.pattern))
    signs = set(re.findall(r"[^\w\s]", pattern.pattern)) | {" ", "\n", "a", "A", "1", "-"}
    common = {piece for piece in PIECES if set(re.findall(r"[^\w\s]", piece)) <= signs}
    return sorted(common | signs | {f"{word} " for word in sorted(words)[:15]})


@pytest.mark.parametrize("pattern", [pytest.param(pattern, id=PATTERNS[pattern]) for pattern in PATTERNS])
def test_a_pattern_takes_time_in_proportion_to_the_text(pattern: re.Pattern[str]) -> None:
    assert superlinear(lambda text: pattern.sub("", text), pieces_of(pattern)) == {}


@pytest.mark.parametrize("path", sorted((ROOT / "chalicelib").rglob("*.py")), ids=lambda path: path.stem)
def test_a_pattern_is_an_attribute_of_its_module(path: Any) -> None:
    """Elsewhere the test above could not find it; what is made once of a table, a parser below has to run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    cached = {node for each in functions if is_cached(each) for node in ast.walk(each)}
    inside = {node for each in functions for node in ast.walk(each)} - cached
    assert [ast.unparse(node) for node in inside if calls_re(node)] == []


def is_cached(function: ast.FunctionDef) -> bool:
    return any("cache" in ast.unparse(decorator) for decorator in function.decorator_list)


def calls_re(node: ast.AST) -> bool:
    """Tell whether a node runs or compiles a pattern by a function of `re`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr != "escape"
    )


def request(model: Any, **fields: Any) -> Callable[[str], object]:
    """Return the parsing of a request in whose fields a text stands for `...`."""

    def parse_it(text: str) -> None:
        body = json.dumps({name: text if value is ... else value for name, value in fields.items()})
        refused(lambda: parse_body(model, body.encode()))

    return parse_it


def refused(work: Callable[[], object]) -> None:
    try:
        work()
    except SupportError:
        return


def query(model: Any, name: str) -> Callable[[str], object]:
    """Return the parsing of a query or of headers in which a text stands under a name."""
    return lambda text: refused(lambda: parse(model, {name: text}))


def exchange(text: str) -> Exchange:
    return Exchange("s", "m", START, text, text, None)


@dataclass(frozen=True)
class Retrieved:
    """A knowledge base that finds a text, in a document that is called so too."""

    text: str

    def retrieve(self, **_: object) -> dict[str, Any]:
        location = {"type": "S3", "s3Location": {"uri": f"s3://docs/{self.text}"}}
        metadata = {"source_url": f"https://example.com/{self.text}"}
        content = {"text": self.text}
        return {"retrievalResults": [{"content": content, "location": location, "metadata": metadata}]}


MODEL_OPTIONS = ModelOptions((), 1, 0.5, 0.5, None, "1")
SESSIONS = Sessions(lambda: "secret", accept_made_up_ids=True)
BUDGET = HistoryBudget(exchanges=20, tokens=1_000_000)
TICKET = {"customer_external_id": "C", "subject": "s", "description": "d"}
S3_RECORD = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}}}
PARSERS: dict[str, Callable[[str], object]] = {
    "masked text": mask,
    "text without a person": lambda text: without_person(text, Known.of(["Ada Byron"], ["O-77"])),
    "masked values": lambda text: mask_values({"note": [text], "password": text, "order": {"number": text}}),
    "masked names": lambda text: mask_values({text: [1, "a"], "x" * len(text): text.split()}),
    "marks": lambda text: resolve(text, [Passage(text, "t", None, 1)] * 3),
    "answers without marks": without_marks,
    "snippets": snippet,
    "wishes for a person": asks_for_a_person,
    "follow-ups": is_follow_up,
    "questions": questions_in,
    "search queries": lambda text: search_queries("and then?", [exchange(text)] * 5),
    "mails": own_words,
    "subjects": own_subject,
    "small talk": small_talk,
    "prompts": lambda text: build_prompt(text, (), [Passage(text, text, None, 1)], None, BUDGET, None),
    "history": lambda text: build_prompt("a", [exchange(text)] * 4, (), None, BUDGET, None),
    "chat requests": request(ChatRequest, **dict.fromkeys(ChatRequest.model_fields, ...)),
    "feedback": request(FeedbackRequest, message_id=..., rating=..., comment=...),
    "tickets": request(TicketRequest, **TICKET | {"description": ..., "subject": ..., "created_at": ...}),
    "metadata": lambda text: request(TicketRequest, **TICKET, metadata={text: list(text)})(text),
    "nested metadata": lambda text: request(TicketRequest, **TICKET, metadata=nested(text))(text),
    "ticket feedback": request(TicketFeedbackRequest, helpful=True, source=..., comment=...),
    "bodies": lambda text: refused(lambda: parse_body(ChatRequest, text.encode())),
    "places in a list": query(TicketsQuery, "before"),
    "places in a history": query(HistoryQuery, "before"),
    "ids in a path": lambda text: refused(lambda: parse_path("session_id", text)),
    "proofs in headers": query(ProofHeaders, PROOF_HEADERS[0]),
    "session ids": lambda text: SESSIONS.for_chat(text, text),
    "agent tokens": AgentTokens(lambda: {"a": "b"}).owner_of,
    "failure reasons": lambda text: read_failures([text, f'["{text}', f'["Ignored. [Files: s3://b/{text}"]']),
    "notices": lambda text: read_notices({"Records": [{**S3_RECORD, "s3": {"object": {"key": text}}}]}, "b"),
    "model ids": lambda text: sampling_of(f"anthropic.claude-{text}", MODEL_OPTIONS),
    "passages": lambda text: KnowledgeBase(
        cast("Any", Retrieved(text)), "KB", "docs", False, SearchLogger()
    ).retrieve("q", 1, NOBODY_KNOWN),
}


def nested(text: str) -> Any:
    """Return JSON that holds a text at each of many levels."""
    value: Any = text
    for _ in range(len(text) // 100):
        value = {"a": [value, text[:90]]}
    return value


@pytest.mark.parametrize("parser", PARSERS)
def test_a_parser_takes_time_in_proportion_to_the_text(parser: str) -> None:
    pieces = [*PIECES, *SECRETS] if parser.startswith("masked") else PIECES
    assert superlinear(PARSERS[parser], pieces) == {}
