"""Whatever bytes arrive: a valid request or a refusal that names a field, never anything else."""

import json
from datetime import timedelta, timezone
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.chat import ChatRequest, FeedbackRequest, HistoryQuery
from chalicelib.api.parsing import parse, parse_body, parse_path
from chalicelib.api.tickets import (
    EXTERNAL_ID,
    ReplyRequest,
    TicketChangeRequest,
    TicketFeedbackRequest,
    TicketRequest,
    TicketsQuery,
)
from chalicelib.errors import BadInput
from chalicelib.times import from_millis

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
odd_texts = st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Cf"]), max_size=20)
MODELS = (
    ChatRequest,
    FeedbackRequest,
    TicketRequest,
    TicketFeedbackRequest,
    TicketChangeRequest,
    ReplyRequest,
)
FIELDS = sorted({field for model in MODELS for field in model.model_fields})
TICKET = {"customer_external_id": "CUST-1001", "subject": "Late", "description": "Where is it?"}


def bodies(*fields: str) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies with any values in these fields and others."""
    return st.dictionaries(st.sampled_from(fields) | odd_texts, json_values | odd_texts, max_size=6)


@given(
    body=st.binary(max_size=300)
    | st.text().map(str.encode)
    | json_values.map(lambda v: json.dumps(v).encode())
    | bodies(*FIELDS).map(lambda v: json.dumps(TICKET | v).encode())
)
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    for model in MODELS:
        try:
            parse_body(model, body)
        except BadInput as refusal:
            assert refusal.problems
            assert all(p.problem != "is not valid" for p in refusal.problems)


@given(values=bodies(*ChatRequest.model_fields))
def test_what_is_accepted_is_what_was_sent(values: dict[str, Any]) -> None:
    try:
        request = parse_body(ChatRequest, json.dumps(values).encode())
    except BadInput as refusal:
        assert {p.field for p in refusal.problems} <= set(ChatRequest.model_fields)
        return
    sent = {name: value for name, value in values.items() if name in ChatRequest.model_fields}
    assert {name: value for name, value in request.model_dump().items() if value is not None} == {
        name: value for name, value in sent.items() if value is not None
    }


@given(query=odd_texts | st.text())
def test_an_accepted_query_can_be_stored_and_sent_on(query: str) -> None:
    try:
        accepted = parse_body(ChatRequest, json.dumps({"query": query}).encode()).query
    except BadInput:
        return
    assert accepted == query
    assert accepted.strip()
    assert accepted.encode().decode() == accepted
    assert not set(accepted) & set(map(chr, (*range(9), 11, 12, *range(14, 32), *range(127, 160))))


@given(
    limit=st.text(max_size=8) | st.integers().map(str), before=st.text(max_size=20) | st.integers().map(str)
)
def test_any_page_of_history_is_parsed_or_refused(limit: str, before: str) -> None:
    try:
        query = parse(HistoryQuery, {"limit": limit, "before": before})
    except BadInput as refusal:
        assert {p.field for p in refusal.problems} <= {"limit", "before"}
        return
    assert 2 <= query.limit <= 200
    assert query.older_than is not None


@given(metadata=st.dictionaries(st.text() | odd_texts, json_values | odd_texts, max_size=4))
def test_accepted_metadata_can_be_kept_and_given_back(metadata: dict[str, Any]) -> None:
    try:
        accepted = parse_body(TicketRequest, json.dumps(TICKET | {"metadata": metadata}).encode()).metadata
    except BadInput as refusal:
        assert {p.field for p in refusal.problems} == {"metadata"}
        return
    assert accepted == metadata
    kept = json.dumps(accepted, ensure_ascii=False, allow_nan=False).encode()
    assert json.loads(kept) == metadata


@given(
    millis=st.integers(946_857_600_000, 32_000_000_000_000),
    offset_minutes=st.integers(-24 * 60 + 1, 24 * 60 - 1),
)
def test_any_moment_is_read_as_python_writes_it(millis: int, offset_minutes: int) -> None:
    moment = from_millis(millis).astimezone(timezone(timedelta(minutes=offset_minutes)))
    body = json.dumps(TICKET | {"created_at": moment.isoformat()}).encode()
    assert parse_body(TicketRequest, body).created_at == moment


@given(text=st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,+Zz-]{0,20}"))
def test_any_text_for_a_date_is_one_or_is_refused(text: str) -> None:
    try:
        request = parse_body(TicketRequest, json.dumps(TICKET | {"created_at": text}).encode())
    except BadInput as refusal:
        assert [p.field for p in refusal.problems] == ["created_at"]
        return
    assert request.created_at is not None
    assert 1999 <= request.created_at.year <= 3000


@given(external_id=st.text(max_size=140))
def test_a_customer_in_a_path_is_who_was_meant(external_id: str) -> None:
    try:
        in_body = parse(TicketRequest, TICKET | {"customer_external_id": external_id}).customer_external_id
    except BadInput:
        in_body = None
    try:
        in_path = parse_path("external_id", quote(external_id, safe=""), EXTERNAL_ID)
    except BadInput:
        in_path = None
    assert in_path == in_body
    assert in_path in (None, external_id)


@given(query=st.fixed_dictionaries({}, optional={n: st.text(max_size=12) for n in TicketsQuery.model_fields}))
def test_any_page_of_tickets_is_parsed_or_refused(query: dict[str, str]) -> None:
    try:
        accepted = parse(TicketsQuery, query)
    except BadInput as refusal:
        assert {p.field for p in refusal.problems} <= set(query)
        return
    assert 1 <= accepted.limit <= 100
