"""What clients may send, and how they are told what is wrong with the rest."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from chalicelib.api.chat import (
    ChatRequest,
    ContactRequest,
    FeedbackRequest,
    HistoryQuery,
    LinkRequest,
    ProofHeaders,
)
from chalicelib.api.cors import PROOF_HEADERS
from chalicelib.api.parsing import Body, parse, parse_body, parse_path
from chalicelib.api.tickets import (
    EXTERNAL_ID,
    DraftRequest,
    ReplyRequest,
    TicketChangeRequest,
    TicketFeedbackRequest,
    TicketRequest,
    TicketsQuery,
)
from chalicelib.chat.sessions import CustomerProof
from chalicelib.chat.turn_parts import Message
from chalicelib.domain.conversation import Contact, Feedback
from chalicelib.domain.ticket import TicketChange, TicketFeedback, TicketFilter, TicketPriority, TicketStatus
from chalicelib.errors import BadInput, BodyTooLarge
from chalicelib.tickets.desk import NewTicket
from chalicelib.times import from_millis
from tests.fakes import START

PROOF = ("customer_id", "customer_hash", "customer_hash_expires")
LEAST: dict[type[Body], dict[str, Any]] = {
    ChatRequest: {"query": "How?"},
    FeedbackRequest: {"message_id": "m1", "rating": "up"},
    TicketRequest: {"customer_external_id": "CUST-1001", "subject": "Late", "description": "Where is it?"},
    TicketFeedbackRequest: {"helpful": True},
    TicketChangeRequest: {},
    ReplyRequest: {"message": "It is on its way."},
    ContactRequest: {},
    LinkRequest: {"token": "T-1.1795780800.5f0c"},
    DraftRequest: {},
}
DEFAULTS: dict[type[Body], dict[str, Any]] = {
    ChatRequest: dict.fromkeys(("session_id", "message_id", "progressive", *PROOF)),
    FeedbackRequest: dict.fromkeys(("comment", *PROOF)),
    TicketRequest: {
        **dict.fromkeys(("ticket_id", "external_ticket_id", "channel", "priority", "created_at")),
        "metadata": {},
    },
    TicketFeedbackRequest: {"source": None, "comment": None},
    TicketChangeRequest: dict.fromkeys(("status", "assignee", "priority")),
    ReplyRequest: dict.fromkeys(("reply_id", "close")),
    ContactRequest: dict.fromkeys(("email", "phone", "name", *PROOF)),
    LinkRequest: dict.fromkeys(PROOF),
    DraftRequest: {"instruction": None},
}
OUR_OWN = [TicketChangeRequest, ReplyRequest, DraftRequest]
"""Bodies that only clients of this API send; other systems may send more in the rest than we read."""
TEXTS: list[tuple[type[Body], str, int]] = [
    (ChatRequest, "query", 4000),
    (FeedbackRequest, "comment", 1000),
    (TicketRequest, "subject", 300),
    (TicketRequest, "description", 20_000),
    (TicketRequest, "external_ticket_id", 200),
    (TicketFeedbackRequest, "source", 200),
    (TicketFeedbackRequest, "comment", 1000),
    (ReplyRequest, "message", 20_000),
    (DraftRequest, "instruction", 1000),
]
"""Text of any kind, with the most characters that it may have."""
NAME: tuple[type[Body], str, int] = (TicketRequest, "customer_external_id", 128)
"""The same but on one line."""
NEEDED: list[tuple[type[Body], str]] = [
    (ChatRequest, "query"),
    *((TicketRequest, field) for field in LEAST[TicketRequest]),
]
IDS: list[tuple[type[Body], str]] = [
    (ChatRequest, "session_id"),
    (ChatRequest, "message_id"),
    (FeedbackRequest, "message_id"),
    (TicketRequest, "ticket_id"),
    (ReplyRequest, "reply_id"),
]
PROVEN: list[tuple[type[Body], str]] = [
    (model, field) for model in (ChatRequest, FeedbackRequest) for field in PROOF[:2]
]
STRING = "must be a string"
BLANK = "is blank; write something"
LINE = "holds a control character or a line break; remove it"
NAMES = "holds more than 200 names; send fewer fields"
VALUES = "holds more than 1000 values; send shorter lists"
MOST_NAMES = {str(n): 1 for n in range(199)} | {"x" * 128: 1}
MOST_VALUES = {"a": [1] * 998}
HALF = "holds half a character (a lone surrogate); send valid Unicode"
IDENTIFIER = "must be 1 to 128 letters, digits or . _ : - and start with a letter or digit"
CUSTOMER_ID = "must be 1 to 128 printable ASCII characters without spaces"
CUSTOMER_HASH = "must be 64 hexadecimal digits (HMAC-SHA256 of the customer_id)"
WHOLE = "must be a whole number"
RATING = "must be 'up' or 'down'"
CHANNEL = "must be 'email', 'chat', 'phone' or 'web'"
PRIORITY = "must be 'low', 'medium', 'high' or 'urgent'"
STATUS = "must be 'open', 'pending' or 'closed'"
EMAIL = "must be an address such as ada@example.com"
PHONE = "must be 6 to 15 digits, with + ( ) . / - and spaces between them at most"
YES_OR_NO = "must be true or false"
OBJECT = "must be a JSON object"
DATE = "must be a date and time in ISO 8601, such as 2026-11-20T12:00:00Z"
YEARS = "must lie between the years 2000 and 2999"
JSON = "is not valid JSON; send one JSON object"
UTF_8 = "is not UTF-8 text; send JSON encoded as UTF-8"
NEXT = "must be the `next` of an earlier answer"
NEWEST = "must be the `newest` of an earlier answer"


def read(model: type[Body], **fields: Any) -> Any:
    """Parse the least that a body must hold with some fields more."""
    return parse_body(model, json.dumps(LEAST[model] | fields).encode())


def problems(model: type[Body], body: object) -> list[tuple[str, str]]:
    """Return what is found wrong with a body: fields and sentences."""
    with pytest.raises(BadInput) as refused:
        parse_body(model, body if isinstance(body, bytes) else json.dumps(body).encode())
    return [(p.field, p.problem) for p in refused.value.problems]


def each(field: str, problem: str, *values: object) -> list[tuple[str, object, str]]:
    """Return the same problem of a field for each of the values."""
    return [(field, value, problem) for value in values]


def nested(levels: int) -> dict[str, Any]:
    """Return a JSON object with that many levels, by turns objects and lists, empty at the bottom."""
    value: Any = {} if levels % 2 else []
    for level in range(levels - 1, 0, -1):
        value = {"a": value} if level % 2 else [value]
    found: dict[str, Any] = value
    return found


def short(value: object) -> str:
    return ascii(value)[:30]


@pytest.mark.parametrize("model", LEAST)
def test_the_least_is_enough_and_null_changes_nothing(model: type[Body]) -> None:
    assert read(model).model_dump() == LEAST[model] | DEFAULTS[model]
    assert read(model, **dict.fromkeys(DEFAULTS[model])) == read(model)


@pytest.mark.parametrize("model", [model for model in LEAST if model not in OUR_OWN])
def test_other_fields_change_nothing(model: type[Body]) -> None:
    assert read(model, requester={"name": "Jo"}, via=None) == read(model)


@pytest.mark.parametrize("model", OUR_OWN)
def test_a_field_that_is_not_known_is_refused(model: type[Body]) -> None:
    assert problems(model, LEAST[model] | {"via": None}) == [("via", "is not known here; leave it out")]


@pytest.mark.parametrize("model", [model for model in LEAST if LEAST[model]])
def test_what_is_missing_is_required(model: type[Body]) -> None:
    assert problems(model, DEFAULTS[model]) == [(field, "is required") for field in LEAST[model]]


def test_a_chat_becomes_the_message_that_it_is() -> None:
    sent: dict[str, Any] = {"session_id": "cs_1.a:b-c", "message_id": "m1", "progressive": True}
    message = read(ChatRequest, **sent, customer_id="~", customer_hash="aB" * 32).message("address#::1", "de")
    proof = CustomerProof("~", "aB" * 32)
    assert message == Message("How?", "address#::1", **sent, proof=proof, language="de")


@pytest.mark.parametrize("half", [{}, {"customer_id": "~"}, {"customer_hash": "ab" * 32}, {PROOF[2]: 5}])
def test_half_a_proof_is_none(half: dict[str, Any]) -> None:
    assert read(ChatRequest, **half).proof is None


def test_a_proof_comes_in_a_body_or_in_headers() -> None:
    proof = CustomerProof("~", "ab" * 32, 1_790_000_000)
    fields = dict(zip(PROOF, ("~", "ab" * 32, 1_790_000_000), strict=True))
    headers = dict(zip(PROOF_HEADERS, ("~", "ab" * 32, "1790000000"), strict=True))
    assert read(FeedbackRequest, **fields).proof == proof
    assert parse(ProofHeaders, headers).proof == proof


@pytest.mark.parametrize(
    ("header", "value", "problem"),
    [
        *((PROOF_HEADERS[0], value, CUSTOMER_ID) for value in ("", "KÄUFER")),
        (PROOF_HEADERS[1], "x", CUSTOMER_HASH),
        (PROOF_HEADERS[2], "tomorrow", WHOLE),
        (PROOF_HEADERS[2], "-1", "must be at least 0"),
    ],
)
def test_a_malformed_header_is_refused_by_its_name(header: str, value: str, problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(ProofHeaders, {header: value})
    assert str(refused.value) == f"{header} {problem}"


def test_a_ticket_becomes_the_ticket_that_it_is() -> None:
    fields: dict[str, Any] = {"ticket_id": "ZD-1:a.b_c", "external_ticket_id": "№ 4711 / b"}
    fields |= {"channel": "phone", "priority": "urgent", "metadata": {"tags": ["vip", 2.5, None, True]}}
    request = read(TicketRequest, **fields, created_at="2026-11-20T12:00:00Z")
    assert request.ticket() == NewTicket(**LEAST[TicketRequest], **fields, created_at=START)


@pytest.mark.parametrize("comment", [None, "", "Found it\nat once."])
def test_feedback_becomes_what_is_kept_of_it(comment: str | None) -> None:
    for rating in ("up", "down"):
        feedback = read(FeedbackRequest, rating=rating, comment=comment).feedback(START)
        assert feedback == Feedback(rating, comment, START)
    for helpful in (True, False):
        given = read(TicketFeedbackRequest, helpful=helpful, source="kb", comment=comment).feedback(START)
        assert given == TicketFeedback(helpful, "kb", comment, START)


@pytest.mark.parametrize(
    ("body", "change"),
    [
        *(({"status": status}, TicketChange(status)) for status in get_args(TicketStatus)),
        *(({"priority": each}, TicketChange(priority=each)) for each in get_args(TicketPriority)),
        ({"assignee": "Jo Nö"}, TicketChange(assignee="Jo Nö")),
        *(({"assignee": nobody}, TicketChange(assignee="")) for nobody in (None, "")),
        ({"status": None, "priority": "low"}, TicketChange(priority="low")),
    ],
    ids=short,
)
def test_a_ticket_can_be_changed_field_by_field(body: dict[str, Any], change: TicketChange) -> None:
    assert read(TicketChangeRequest, **body).change() == change


@pytest.mark.parametrize("phone", ["+49 30 123-456", "(030) 12 34 56", "123456", "1" * 15])
def test_a_contact_is_what_was_sent_of_it(phone: str) -> None:
    sent = {"email": "o'neil+help@Mail.example.co.uk", "phone": phone, "name": "Jo Nö"}
    assert read(ContactRequest, **sent).contact() == Contact(**sent)
    assert read(ContactRequest, name="Jo").contact() == Contact(name="Jo")


def test_a_contact_of_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="names no contact"):
        read(ContactRequest, email=None).contact()


@pytest.mark.parametrize("body", [{}, {"status": None}])
def test_a_change_of_nothing_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="changes nothing"):
        read(TicketChangeRequest, **body).change()


def test_of_a_field_given_twice_the_last_counts() -> None:
    assert parse_body(ChatRequest, b'{"query": "one", "query": "two"}').query == "two"


@pytest.mark.parametrize(("model", "field", "longest"), [*TEXTS, NAME])
@pytest.mark.parametrize("letter", ["x", "語", "😀"])
def test_a_text_may_be_so_long_and_not_one_character_longer(
    model: type[Body], field: str, longest: int, letter: str
) -> None:
    assert getattr(parse(model, LEAST[model] | {field: letter * longest}), field) == letter * longest
    with pytest.raises(BadInput) as refused:
        parse(model, LEAST[model] | {field: letter * (longest + 1)})
    assert str(refused.value) == f"{field} must be at most {longest} characters long"


@pytest.mark.parametrize(("model", "field", "_longest"), [*TEXTS, NAME])
@pytest.mark.parametrize(
    "value",
    [
        *(
            "שלום, איך מאפסים סיסמה?",
            "\u202eكيف أعيد\u202c",
            "👩‍👩‍👧‍👦 🇺🇳 help 😀",
            "ทำอย่างไร",
            "\U0010ffff?",
        ),
        *("a\u200bb\ufeff", "e\u0301", " ?", '{"query": "json"}', "'; DROP TABLE customers; --"),
        *("</passages><script>alert(1)</script>", "{{7*7}}", "Jo Nö, Inc. <a/b>%2F+"),
    ],
)
def test_odd_but_valid_text_arrives_as_it_was_sent(
    model: type[Body], field: str, _longest: int, value: str
) -> None:
    assert getattr(read(model, **{field: value}), field) == value
    raw = json.dumps(LEAST[model] | {field: value}, ensure_ascii=False).encode()
    assert getattr(parse_body(model, raw), field) == value


@pytest.mark.parametrize(("model", "field", "_longest"), TEXTS)
def test_a_text_may_have_lines_and_tabs_and_no_other_control_characters(
    model: type[Body], field: str, _longest: int
) -> None:
    assert getattr(read(model, **{field: "Hello,\r\n\tyou"}), field) == "Hello,\r\n\tyou"
    for position, text in enumerate(("\x1b[31m", "a\x00", "ab\x7f", "abc\x85")):
        code = f"U+{ord(text[position]):04X}"
        sentence = f"holds the control character {code} at position {position}; remove it"
        assert problems(model, LEAST[model] | {field: text}) == [(field, sentence)]


@pytest.mark.parametrize("name", ["a\nb", "a\u0000", "a\u2028b"])
def test_a_customers_name_has_one_line(name: str) -> None:
    field = "customer_external_id"
    assert problems(TicketRequest, LEAST[TicketRequest] | {field: name}) == [(field, LINE)]


@pytest.mark.parametrize(("model", "field"), NEEDED)
@pytest.mark.parametrize("blank", ["", "  ", "\u200b\u2060\u3000", "\u0301"])
def test_a_text_that_is_needed_is_not_blank(model: type[Body], field: str, blank: str) -> None:
    assert problems(model, LEAST[model] | {field: blank}) == [(field, BLANK)]


def strings(fields: Iterable[Sequence[Any]]) -> list[tuple[type[Body], str]]:
    return [(model, field) for model, field, *_ in fields]


@pytest.mark.parametrize(("model", "field"), strings([*TEXTS, NAME, *IDS, *PROVEN]))
def test_what_is_no_text_is_refused(model: type[Body], field: str) -> None:
    for value in (5, 1.5, True, [], ["a"], {}, {"a": "b"}):
        assert problems(model, LEAST[model] | {field: value}) == [(field, STRING)]
    if field in LEAST[model]:
        assert problems(model, LEAST[model] | {field: None}) == [(field, STRING)]
    for half in ("a\ud800", "\udfff", "\ude00\ud83d"):
        assert problems(model, LEAST[model] | {field: half}) == [(field, HALF)]


@pytest.mark.parametrize(("model", "field"), IDS)
def test_an_id_may_be_of_any_usual_shape_and_no_other(model: type[Body], field: str) -> None:
    for value in ("a", "0", "A.b_c:d-e", "x" * 128, "550e8400-e29b-41d4-a716-446655440000"):
        assert getattr(read(model, **{field: value}), field) == value
    for value in (
        "",
        " ",
        "x" * 129,
        "-a",
        ".",
        "_a",
        "a b",
        "a/b",
        "../a",
        "a\n",
        "\na",
        "a#b",
        "é",
        "a\x00",
    ):
        assert problems(model, LEAST[model] | {field: value}) == [(field, IDENTIFIER)]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    body = json.dumps(LEAST[ChatRequest] | {"customer_hash_expires": 1_790_000_000.0}).encode()
    assert repr(parse_body(ChatRequest, body).customer_hash_expires) == "1790000000"


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        *each("customer_id", CUSTOMER_ID, "", "CUST 1001", "CUST-1001\n", "KÄUFER-1", "x" * 129),
        *each(
            "customer_hash", CUSTOMER_HASH, "", "ab" * 31, "ab" * 33, "gg" * 32, "ab" * 32 + "\n", "٠" * 64
        ),
        *each("customer_hash_expires", WHOLE, "1790000000", 1.5, True, []),
        ("customer_hash_expires", -1, "must be at least 0"),
        ("customer_hash_expires", 1_790_000_000_000, "must be at most 9999999999"),
        *each("rating", RATING, "good", "UP", None, []),
        *each("channel", CHANNEL, "fax", "EMAIL", "", 5, True, [], ["email"], {}),
        *each("priority", PRIORITY, "critical", "High", "", 1, False, [], {}),
        *each("status", STATUS, "solved", "OPEN", "", 1, [], {}),
        *each("assignee", STRING, 1, [], {}),
        ("assignee", "Jo\nAnn", LINE),
        ("assignee", "x" * 201, "must be at most 200 characters long"),
        *each(
            "email", EMAIL, "", "jo", "jo@", "@example.com", "jo@example", "a b@example.com", "jo@ex.com\n"
        ),
        (
            "email",
            f"{'x' * 64}@{'y' * 60}.{'z' * 60}.{'w' * 60}.example.com",
            "must be at most 254 characters long",
        ),
        *each("phone", PHONE, "", "12345", "1" * 16, "4111 1111 1111 1111", "+49 call me", "12\n34567"),
        *each("name", LINE, "Jo\nAnn"),
        *each("close", YES_OR_NO, "yes", 1, []),
        *each("helpful", YES_OR_NO, "yes", "true", 1, None, []),
        *each("metadata", OBJECT, "", "{}", 5, True, [], [["a", 1]]),
    ],
    ids=short,
)
def test_a_wrong_field_is_refused_by_its_name(field: str, value: object, problem: str) -> None:
    models = [model for model in LEAST if field in model.model_fields]
    assert models
    for model in models:
        assert problems(model, LEAST[model] | {field: value}) == [(field, problem)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("2026-11-20T12:00:00Z", 0), ("2026-11-20T12:00:00z", 0), ("2026-11-20t12:00:00Z", 0)),
        *(("2026-11-20T12:00:00", 0), ("2026-11-20T12:00", 0), ("2026-11-20 12:00:00+00", 0)),
        *(("2026-11-20T12:00:00.000+00:00", 0), ("2026-11-20T14:00:00+02:00", 0)),
        *(("2026-11-20T17:30:00+0530", 0), ("2026-11-20T07:00:00-05:00", 0), ("2026-11-20", -12 * 3600)),
        *(("2026-11-20T12:00:00.25Z", 0.25), ("2026-11-20T12:00:00,25Z", 0.25)),
        ("2026-11-20T12:00:00.123456789Z", 0.123456),
    ],
)
def test_a_date_is_read_in_any_usual_spelling_of_iso_8601(text: str, seconds: float) -> None:
    created_at: datetime = read(TicketRequest, created_at=text).created_at
    assert created_at == START + timedelta(seconds=seconds)
    assert created_at.tzinfo is timezone.utc


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        *each("created_at", DATE, "", "yesterday", "20 Nov 2026", "11/20/2026", "2026-11", "20261120"),
        *each("created_at", DATE, "2026-13-01", "2026-02-30", "2026-11-20T24:01:00Z", "0000-01-01"),
        *each("created_at", DATE, "2026-11-20T12:60:00Z", "2026-11-20T12:00:61Z", "2026-11-20T12Z"),
        *each("created_at", DATE, "2026-11-20T12:00:00+25:00", "2026-11-20T12:00:00 CET", "now"),
        *each("created_at", DATE, "2026-11-20T12:00:00Z\n", " 2026-11-20", "1763640000", "٢٠٢٦-11-20"),
        *each("created_at", DATE, 1763640000, 1763640000.5, True, [], {}, "2026-11-20" * 1000),
        *each("created_at", YEARS, "1999-12-31", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"),
        *each("created_at", YEARS, "3000-01-01", "9999-12-31T23:59:59-23:59"),
        *each("metadata", LINE, {"a\n": 1}, {"a": [{"b\u0000": 1}]}),
        *each("metadata", HALF, {"a\ud800": 1}, {"a": {"b\ud800": 1}}, {"a": ["b", "c\ud800"]}),
        *each("metadata", "is nested deeper than 20 levels", nested(21), nested(400)),
        *each(
            "metadata",
            "holds a name of 129 characters; use at most 128",
            {"x" * 129: 1},
            {"a": [{"x" * 129: 1}]},
        ),
        *each("metadata", NAMES, {str(n): 1 for n in range(201)}, {"a": [{"b": n} for n in range(201)]}),
        *each("metadata", VALUES, {"a": [1] * 1000}, {"a": [[1]] * 600}),
    ],
    ids=short,
)
def test_a_date_or_metadata_that_could_not_be_kept_is_refused(
    field: str, value: object, problem: str
) -> None:
    assert problems(TicketRequest, LEAST[TicketRequest] | {field: value}) == [(field, problem)]


@pytest.mark.parametrize(
    "metadata", [{}, {"": 1}, {"a": "line\nline\u0000"}, {"n": 10**300}, nested(20), MOST_NAMES, MOST_VALUES]
)
def test_metadata_is_any_json_object(metadata: dict[str, Any]) -> None:
    assert read(TicketRequest, metadata=metadata).metadata == metadata


def test_a_number_beyond_all_bounds_is_refused() -> None:
    body = json.dumps(LEAST[TicketRequest])[:-1].encode() + b', "metadata": {"n": [1e999]}}'
    assert problems(TicketRequest, body) == [("metadata", "holds a number that is too large")]


@pytest.mark.parametrize(
    ("problem", "body"),
    [
        *(
            (JSON, body)
            for body in (b"", b"query=How%3F", b'{"query": "How?"', b'{"query": "How?"} trailing')
        ),
        *((JSON, body) for body in (b'{"query": "line\nline"}', b"{'query': 'How?'}", b"NaN")),
        *((JSON, body) for body in (b'{"query": ' + b"9" * 5000 + b"}", b'{"query": "a", "x": Infinity}')),
        *((JSON, body) for body in (b"[" * 65_000, b'{"a":' * 13_000, b'{"metadata": ' + b"[" * 65_000)),
        (JSON, b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
        *((UTF_8, body) for body in (b'{"query": "\xff"}', '{"query": "How?"}'.encode("utf-16"))),
        *(('must be a JSON object, such as {"query": "…"}', body) for body in (b"null", b'"How?"', b"[{}]")),
    ],
    ids=short,
)
def test_a_body_that_is_no_json_object_is_refused(problem: str, body: bytes) -> None:
    assert problems(ChatRequest, body) == [("body", problem)]


def test_what_is_no_object_is_told_with_an_example_of_its_own() -> None:
    example = 'must be a JSON object, such as {"customer_external_id": "…"}'
    assert problems(TicketRequest, []) == [("body", example)]


def test_deep_nesting_beside_the_query_and_a_byte_order_mark_do_no_harm() -> None:
    body = b'\xef\xbb\xbf{"query": "How?", "extra": ' + b"[" * 100 + b"]" * 100 + b"}"
    assert parse_body(ChatRequest, body).query == "How?"


def test_a_body_may_have_64_kb_and_not_one_byte_more() -> None:
    body = json.dumps({"query": "How?", "extra": ""}).encode()
    fitting = body[:-2] + b"x" * (64 * 1024 - len(body)) + b'"}'
    assert len(fitting) == 64 * 1024
    assert parse_body(ChatRequest, fitting).query == "How?"
    with pytest.raises(BodyTooLarge, match="65537 bytes"):
        parse_body(ChatRequest, fitting + b" ")


def test_all_wrong_fields_are_named_at_once() -> None:
    body = {"subject": 5, "description": "", "channel": "fax", "created_at": "soon", "metadata": []}
    assert [field for field, _ in problems(TicketRequest, body)] == [
        *("customer_external_id", "subject", "description", "channel", "metadata", "created_at")
    ]


@pytest.mark.parametrize("model", LEAST)
@pytest.mark.parametrize(
    "value", ["hunter2\u0000", "hunter2\ud800", ["hunter2"], {"hunter2\n": "hunter2\ud800"}, "hunter2" * 9999]
)
def test_a_refusal_never_repeats_what_was_sent(model: type[Body], value: object) -> None:
    for field in model.model_fields:
        with pytest.raises(BadInput) as refused:
            parse(model, LEAST[model] | {field: value})
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("body", [b'{"query": "hunter2', b'["hunter2"]', b"hunter2 \xff"])
def test_a_refused_body_is_not_repeated(body: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        parse_body(ChatRequest, body)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("query", "exchanges", "older_than"),
    [
        ({}, 25, None),
        ({"limit": "2", "before": "0", "x": "y"}, 1, from_millis(0)),
        ({"limit": "200", "before": "1763640000123"}, 100, from_millis(1763640000123)),
        ({"limit": "5", "before": "99999999999999"}, 2, from_millis(99999999999999)),
    ],
)
def test_a_page_of_history_is_so_many_exchanges_before_a_moment(
    query: dict[str, str], exchanges: int, older_than: datetime | None
) -> None:
    page = parse(HistoryQuery, query)
    assert (page.exchanges, page.older_than) == (exchanges, older_than)


@pytest.mark.parametrize("ticket_id", ["T", "T-1", "a.b:c_d-e", "x" * 128])
def test_a_page_of_tickets_is_chosen_and_goes_on_after_any_ticket(ticket_id: str) -> None:
    least = {**dict.fromkeys(("status", "customer", "assignee", "before")), "limit": 20}
    assert parse(TicketsQuery, {}).model_dump() == least
    place = f"01795176000000.{ticket_id}"
    for limit in (1, 100):
        chosen = {"status": "closed", "customer": "C", "assignee": "Jo", "before": place}
        query = parse(TicketsQuery, {**chosen, "limit": str(limit)})
        assert query.model_dump() == {**chosen, "limit": limit}
        assert query.wanted == TicketFilter("closed", "C", "Jo")


@pytest.mark.parametrize(
    ("model", "field", "value", "problem"),
    [
        *((HistoryQuery, *row) for row in each("limit", "must be at least 2", "1", "-5")),
        *((TicketsQuery, *row) for row in each("limit", "must be at least 1", "0", "-1")),
        (HistoryQuery, "limit", "201", "must be at most 200"),
        (TicketsQuery, "limit", "101", "must be at most 100"),
        (TicketsQuery, "limit", "9" * 5000, "is too large"),
        *((HistoryQuery, *row) for row in each("limit", "must be a whole number", "", "ten", "2.5")),
        *((HistoryQuery, *row) for row in each("before", NEXT, "", "2026-11-20", "-1", "1\n", "9" * 15, "٣")),
        *((TicketsQuery, *row) for row in each("before", NEXT, "", "a b", "a\n", "é", "0", "T-1")),
        *(
            (TicketsQuery, *row)
            for row in each("before", NEXT, "01795176000000.", "0" * 14 + "." + "x" * 129)
        ),
        *((TicketsQuery, *row) for row in each("status", STATUS, "", "Open")),
        (TicketsQuery, "customer", "", BLANK),
        (TicketsQuery, "owner", "Jo", "is not known here; leave it out"),
        *((HistoryQuery, *row) for row in each("after", NEWEST, "", "2026-11-20", "-1", "9" * 15)),
    ],
    ids=short,
)
def test_a_wrong_page_is_refused(model: type[BaseModel], field: str, value: str, problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(model, {field: value})
    assert str(refused.value) == f"{field} {problem}"


@pytest.mark.parametrize(("written", "ticket_id"), [("T-1", "T-1"), ("a%3Ab", "a:b"), ("a:b", "a:b")])
def test_an_id_in_a_path_is_decoded(written: str, ticket_id: str) -> None:
    assert parse_path("ticket_id", written) == ticket_id


@pytest.mark.parametrize(
    ("written", "external_id"),
    [
        *(("CUST-1001", "CUST-1001"), ("Jo%20N%C3%B6", "Jo Nö"), ("a%2Fb", "a/b"), ("a+b", "a+b")),
        *(("a%2Bb", "a+b"), ("100%25", "100%"), ("100%2541", "100%41"), ("100%", "100%")),
        *(("%F0%9F%98%80", "😀"), ("*", "*")),
    ],
)
def test_a_customer_in_a_path_is_decoded_once(written: str, external_id: str) -> None:
    assert parse_path("external_id", written, EXTERNAL_ID) == external_id


@pytest.mark.parametrize(
    ("name", "written", "problem"),
    [
        *each("ticket_id", IDENTIFIER, "a%20b", "%00", "-a", "a%2Fb", "x" * 129),
        *each("external_id", "is not percent-encoded UTF-8", "%FF", "%ED%A0%80"),
        *each("external_id", LINE, "a%0Ab", "%00"),
        ("external_id", "%20", BLANK),
        ("external_id", "x" * 129, "must be at most 128 characters long"),
    ],
)
def test_a_malformed_part_of_a_path_is_refused(name: str, written: str, problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        if name == "external_id":
            parse_path(name, written, EXTERNAL_ID)
        else:
            parse_path(name, written)
    assert str(refused.value) == f"{name} {problem}"
