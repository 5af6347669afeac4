"""Whatever bytes arrive: a valid request or a refusal that names a field, never anything else."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import BadInput
from chalicelib.requests import ChatRequest, FeedbackRequest, HistoryQuery, parse, parse_body

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
odd_texts = st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Cf"]), max_size=20)
bodies = st.dictionaries(
    st.sampled_from(list(ChatRequest.model_fields)) | odd_texts, json_values | odd_texts, max_size=6
)


@given(
    body=st.binary(max_size=300)
    | st.text().map(str.encode)
    | json_values.map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    for model in (ChatRequest, FeedbackRequest):
        try:
            parse_body(model, body)
        except BadInput as refusal:
            assert refusal.problems


@given(values=bodies)
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
