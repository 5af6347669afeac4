"""What clients may send, and how they are told what is wrong with the rest."""

import json
from typing import Any

import pytest

from chalicelib.api.chat import ChatRequest, FeedbackRequest, HistoryQuery
from chalicelib.api.parsing import parse, parse_body, parse_path
from chalicelib.errors import BadInput, BodyTooLarge, FieldProblem
from chalicelib.times import from_millis

PROBLEM_WITH_ID = "must be 1 to 128 letters, digits or . _ : - and start with a letter or digit"
SURROGATE = "holds half a character (a lone surrogate); send valid Unicode"


def chat(**fields: Any) -> ChatRequest:
    return parse_body(ChatRequest, json.dumps({"query": "How?"} | fields).encode())


def problems(body: bytes, model: type[ChatRequest | FeedbackRequest] = ChatRequest) -> list[tuple[str, str]]:
    """Return what is found wrong with a body: fields and sentences."""
    with pytest.raises(BadInput) as refused:
        parse_body(model, body)
    return [(p.field, p.problem) for p in refused.value.problems]


def test_a_query_alone_is_a_request() -> None:
    request = chat()
    assert request.query == "How?"
    assert (request.session_id, request.message_id) == (None, None)
    assert (request.customer_id, request.customer_hash) == (None, None)


def test_all_fields_are_read() -> None:
    fields = {
        "session_id": "cs_1.a:b-c",
        "message_id": "m1",
        "customer_id": "CUST-1001",
        "customer_hash": "aB" * 32,
    }
    assert chat(**fields).model_dump() == {"query": "How?"} | fields


def test_null_is_as_good_as_absent() -> None:
    assert chat(session_id=None, message_id=None, customer_id=None, customer_hash=None) == chat()


def test_fields_of_other_systems_are_ignored() -> None:
    assert chat(stream=True, user={"name": "Jo"}) == chat()


def test_of_a_field_given_twice_the_last_counts() -> None:
    assert parse_body(ChatRequest, b'{"query": "one", "query": "two"}').query == "two"


@pytest.mark.parametrize(
    "query",
    [
        "שלום, איך מאפסים סיסמה?",
        "\u202eكيف أعيد تعيين كلمة المرور\u202c",
        "👩‍👩‍👧‍👦 🇺🇳 help 😀",
        "😀",
        "ทำอย่างไร",
        "line\nline\r\n\tindented",
        "a\u200bb\ufeff",
        "e\u0301",
        "\U0010ffff?",
        " ?",
        '{"query": "json"}',
        "'; DROP TABLE customers; --",
        "</passages><script>alert(1)</script>",
    ],
)
def test_odd_but_valid_text_arrives_as_it_was_sent(query: str) -> None:
    assert chat(query=query).query == query
    raw = json.dumps({"query": query}, ensure_ascii=False).encode()
    assert parse_body(ChatRequest, raw).query == query


@pytest.mark.parametrize("letter", ["x", "語", "😀"])
def test_a_query_may_have_4000_characters_and_not_one_more(letter: str) -> None:
    assert len(chat(query=letter * 4000).query) == 4000
    body = json.dumps({"query": letter * 4001}, ensure_ascii=False).encode()
    assert problems(body) == [("query", "must be at most 4000 characters long")]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is blank; write something"),
        ("  \n\t ", "is blank; write something"),
        ("\u200b\u2060\u3000", "is blank; write something"),
        ("\u0301", "is blank; write something"),
        (None, "must be a string"),
        (5, "must be a string"),
        (True, "must be a string"),
        (["How?"], "must be a string"),
        ({"text": "How?"}, "must be a string"),
        ("How\x00?", "holds the control character U+0000 at position 3; remove it"),
        ("\x1b[31mHow?", "holds the control character U+001B at position 0; remove it"),
        ("How?\x7f", "holds the control character U+007F at position 4; remove it"),
        ("How?\x85", "holds the control character U+0085 at position 4; remove it"),
        ("How\ud800?", SURROGATE),
        ("\udfff", SURROGATE),
        ("\ude00\ud83d", SURROGATE),
    ],
)
def test_a_query_that_is_no_text_is_refused_with_a_kind_sentence(value: object, problem: str) -> None:
    assert problems(json.dumps({"query": value}).encode()) == [("query", problem)]


def test_a_missing_query_is_required() -> None:
    assert problems(b"{}") == [("query", "is required")]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "is not valid JSON; send one JSON object"),
        (b"query=How%3F", "is not valid JSON; send one JSON object"),
        (b'{"query": "How?"', "is not valid JSON; send one JSON object"),
        (b'{"query": "How?"} trailing', "is not valid JSON; send one JSON object"),
        (b'{"query": "line\nline"}', "is not valid JSON; send one JSON object"),
        (b"{'query': 'How?'}", "is not valid JSON; send one JSON object"),
        (b'{"query": ' + b"9" * 5000 + b"}", "is not valid JSON; send one JSON object"),
        (b"[" * 60_000, "is not valid JSON; send one JSON object"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "is not valid JSON; send one JSON object"),
        (b'{"query": "\xff"}', "is not UTF-8 text; send JSON encoded as UTF-8"),
        ('{"query": "How?"}'.encode("utf-16"), "is not UTF-8 text; send JSON encoded as UTF-8"),
        (b"null", 'must be a JSON object, such as {"query": "…"}'),
        (b'"How?"', 'must be a JSON object, such as {"query": "…"}'),
        (b'[{"query": "How?"}]', 'must be a JSON object, such as {"query": "…"}'),
        (b"NaN", "is not valid JSON; send one JSON object"),
        (b'{"query": "a", "x": Infinity}', "is not valid JSON; send one JSON object"),
    ],
    ids=lambda value: repr(value[:18]),
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes, problem: str) -> None:
    assert problems(body) == [("body", problem)]


def test_deep_nesting_beside_the_query_does_no_harm() -> None:
    body = b'{"query": "How?", "extra": ' + b"[" * 100 + b"]" * 100 + b"}"
    assert parse_body(ChatRequest, body).query == "How?"


def test_a_body_may_have_64_kb_and_not_one_byte_more() -> None:
    body = json.dumps({"query": "How?", "extra": ""}).encode()
    fitting = body[:-2] + b"x" * (64 * 1024 - len(body)) + b'"}'
    assert len(fitting) == 64 * 1024
    assert parse_body(ChatRequest, fitting).query == "How?"
    with pytest.raises(BodyTooLarge, match="65537 bytes"):
        parse_body(ChatRequest, fitting + b" ")


@pytest.mark.parametrize("field", ["session_id", "message_id"])
@pytest.mark.parametrize("value", ["a", "0", "A.b_c:d-e", "x" * 128, "550e8400-e29b-41d4-a716-446655440000"])
def test_a_clients_own_id_may_be_of_any_usual_shape(field: str, value: str) -> None:
    assert getattr(chat(**{field: value}), field) == value


@pytest.mark.parametrize("field", ["session_id", "message_id"])
@pytest.mark.parametrize(
    "value",
    [
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
        "語",
        "a\x00",
        "{}",
        "a'--",
    ],
)
def test_a_malformed_id_is_refused(field: str, value: str) -> None:
    assert problems(json.dumps({"query": "How?", field: value}).encode()) == [(field, PROBLEM_WITH_ID)]


@pytest.mark.parametrize("field", ["session_id", "message_id", "customer_id", "customer_hash"])
@pytest.mark.parametrize("value", [5, 0, False, [], {}, ["a"]])
def test_an_id_that_is_no_string_is_refused(field: str, value: object) -> None:
    assert problems(json.dumps({"query": "How?", field: value}).encode()) == [(field, "must be a string")]


def test_an_id_with_half_a_character_is_refused() -> None:
    assert problems(rb'{"query": "How?", "session_id": "\ud800"}') == [("session_id", SURROGATE)]


@pytest.mark.parametrize("value", ["", "CUST 1001", "CUST-1001\n", "KÄUFER-1", "x" * 129])
def test_a_malformed_customer_id_is_refused(value: str) -> None:
    assert problems(json.dumps({"query": "How?", "customer_id": value}).encode()) == [
        ("customer_id", "must be 1 to 128 printable ASCII characters without spaces")
    ]


@pytest.mark.parametrize("value", ["", "ab" * 31, "ab" * 33, "gg" * 32, "ab" * 32 + "\n", "٠" * 64])
def test_a_malformed_customer_hash_is_refused(value: str) -> None:
    assert problems(json.dumps({"query": "How?", "customer_hash": value}).encode()) == [
        ("customer_hash", "must be 64 hexadecimal digits (HMAC-SHA256 of the customer_id)")
    ]


def test_all_wrong_fields_are_named_at_once() -> None:
    body = b'{"query": 5, "session_id": "-", "customer_hash": "x"}'
    assert [field for field, _ in problems(body)] == ["query", "session_id", "customer_hash"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "hunter2\\u0000"}',
        b'{"query": "hunter2\\ud800"}',
        b'{"query": ["hunter2"]}',
        b'{"query": {"hunter2": 1}}',
        b'{"query": "How?", "session_id": "hunter2 "}',
        b'{"query": "How?", "customer_hash": "hunter2"}',
        b'{"query": "hunter2',
        b'["hunter2"]',
        b"hunter2 \xff",
        json.dumps({"query": "hunter2" * 1000}).encode(),
    ],
)
def test_a_refusal_never_repeats_what_was_sent(body: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        parse_body(ChatRequest, body)
    assert "hunter2" not in str(refused.value)


def test_a_refusal_reads_as_one_sentence() -> None:
    error = BadInput(FieldProblem("query", "is required"), FieldProblem("session_id", "must be a string"))
    assert str(error) == "query is required; session_id must be a string"


@pytest.mark.parametrize("comment", [{}, {"comment": None}, {"comment": ""}, {"comment": "x" * 1000}])
@pytest.mark.parametrize("rating", ["up", "down"])
def test_feedback_is_a_rating_with_or_without_a_comment(rating: str, comment: dict[str, Any]) -> None:
    body = json.dumps({"message_id": "m1", "rating": rating} | comment).encode()
    request = parse_body(FeedbackRequest, body)
    assert (request.message_id, request.rating, request.comment) == ("m1", rating, comment.get("comment"))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"rating": "good"}, ("rating", "must be 'up' or 'down'")),
        ({"rating": None}, ("rating", "must be 'up' or 'down'")),
        ({"rating": []}, ("rating", "must be 'up' or 'down'")),
        ({"rating": "UP"}, ("rating", "must be 'up' or 'down'")),
        ({"message_id": "-"}, ("message_id", PROBLEM_WITH_ID)),
        ({"message_id": None}, ("message_id", "must be a string")),
        ({"comment": "x" * 1001}, ("comment", "must be at most 1000 characters long")),
        ({"comment": 5}, ("comment", "must be a string")),
        ({"comment": "a\x00"}, ("comment", "holds the control character U+0000 at position 1; remove it")),
    ],
)
def test_wrong_feedback_is_refused(fields: dict[str, Any], problem: tuple[str, str]) -> None:
    body = json.dumps({"message_id": "m1", "rating": "up"} | fields).encode()
    assert problems(body, FeedbackRequest) == [problem]


def test_feedback_needs_a_message_and_a_rating() -> None:
    assert problems(b"{}", FeedbackRequest) == [("message_id", "is required"), ("rating", "is required")]


def test_a_session_in_a_path_is_checked_like_one_in_a_body() -> None:
    assert parse_path("session_id", "cs_1") == "cs_1"
    with pytest.raises(BadInput, match="must be 1 to 128"):
        parse_path("session_id", "%00")


def test_history_starts_with_the_newest_messages() -> None:
    query = parse(HistoryQuery, {})
    assert query.limit == 50
    assert query.older_than is None


@pytest.mark.parametrize("millis", ["0", "1763640000123", "99999999999999"])
def test_history_goes_on_before_a_moment(millis: str) -> None:
    assert parse(HistoryQuery, {"before": millis}).older_than == from_millis(int(millis))


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"limit": "1"}, "limit must be at least 2"),
        ({"limit": "-5"}, "limit must be at least 2"),
        ({"limit": "201"}, "limit must be at most 200"),
        ({"limit": "ten"}, "limit must be a whole number"),
        ({"limit": "2.5"}, "limit must be a whole number"),
        ({"limit": ""}, "limit must be a whole number"),
        ({"before": ""}, "before must be the `next` of an earlier answer"),
        ({"before": "2026-11-20"}, "before must be the `next` of an earlier answer"),
        ({"before": "-1"}, "before must be the `next` of an earlier answer"),
        ({"before": "1\n"}, "before must be the `next` of an earlier answer"),
        ({"before": "999999999999999"}, "before must be the `next` of an earlier answer"),
        ({"before": "٣"}, "before must be the `next` of an earlier answer"),
    ],
)
def test_a_wrong_page_of_history_is_refused(query: dict[str, str], problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(HistoryQuery, query)
    assert str(refused.value) == problem
