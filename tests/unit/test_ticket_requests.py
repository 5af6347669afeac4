"""What agents and ticketing systems may send, and how they are told what is wrong with the rest."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import BaseModel

from chalicelib.api.parsing import parse, parse_body, parse_path
from chalicelib.api.tickets import (
    EXTERNAL_ID,
    TicketFeedbackRequest,
    TicketMove,
    TicketRequest,
    TicketsQuery,
)
from chalicelib.errors import BadInput
from chalicelib.tickets.desk import NewTicket

LEAST: dict[str, Any] = {
    "customer_external_id": "CUST-1001",
    "subject": "Late parcel",
    "description": "Where is it?",
}
STRING = "must be a string"
BLANK = "is blank; write something"
LINE = "holds a control character or a line break; remove it"
BELL = "holds the control character U+0007 at position 1; remove it"
HALF = "holds half a character (a lone surrogate); send valid Unicode"
IDENTIFIER = "must be 1 to 128 letters, digits or . _ : - and start with a letter or digit"
CHANNEL = "must be 'email', 'chat', 'phone' or 'web'"
PRIORITY = "must be 'low', 'medium', 'high' or 'urgent'"
STATUS = "must be 'open', 'pending' or 'closed'"
DATE = "must be a date and time in ISO 8601, such as 2026-11-20T12:00:00Z"
YEARS = "must lie between the years 2000 and 2999"
NOT_TEXT = [5, 1.5, True, [], ["a"], {}, {"a": "b"}]


def ticket(**fields: Any) -> TicketRequest:
    return parse_body(TicketRequest, json.dumps(LEAST | fields).encode())


def each(field: str, problem: str, *values: object) -> list[tuple[str, object, str]]:
    """Return the same problem of a field for each of the values."""
    return [(field, value, problem) for value in values]


def problems(model: type[BaseModel], body: object) -> list[tuple[str, str]]:
    """Return what is found wrong with a body: fields and sentences."""
    with pytest.raises(BadInput) as refused:
        parse_body(model, body if isinstance(body, bytes) else json.dumps(body).encode())
    return [(p.field, p.problem) for p in refused.value.problems]


def refusal(model: type[BaseModel], **values: str) -> str:
    """Return how a path or a query is refused."""
    with pytest.raises(BadInput) as refused:
        parse(model, values)
    return str(refused.value)


def nested(levels: int) -> dict[str, Any]:
    """Return a JSON object with that many levels, by turns objects and lists, empty at the bottom."""
    value: Any = {} if levels % 2 else []
    for level in range(levels - 1, 0, -1):
        value = {"a": value} if level % 2 else [value]
    found: dict[str, Any] = value
    return found


def test_a_customer_a_subject_and_a_description_are_a_ticket() -> None:
    assert ticket().model_dump() == LEAST | {
        "ticket_id": None,
        "external_ticket_id": None,
        "channel": None,
        "priority": None,
        "metadata": {},
        "created_at": None,
    }


def test_all_fields_are_read_into_what_the_desk_takes() -> None:
    fields: dict[str, Any] = {
        "ticket_id": "ZD-1:a.b_c",
        "external_ticket_id": "№ 4711 / b",
        "channel": "phone",
        "priority": "urgent",
        "metadata": {"tags": ["vip", 1, 2.5, None, True], "form": {"länder": "日本"}},
    }
    assert NewTicket(**ticket(**fields, created_at="2026-11-20T12:00:00Z").model_dump()) == NewTicket(
        **LEAST, **fields, created_at=datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
    )


def test_null_is_as_good_as_absent_and_fields_of_other_systems_are_ignored() -> None:
    absent = ("ticket_id", "external_ticket_id", "channel", "priority", "metadata", "created_at")
    assert ticket(**dict.fromkeys(absent), requester={"name": "Jo"}, via=None) == ticket()


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("customer_external_id", 128),
        ("subject", 300),
        ("description", 20_000),
        ("external_ticket_id", 200),
    ],
)
@pytest.mark.parametrize("letter", ["x", "語"])
def test_a_text_may_be_so_long_and_not_one_character_longer(field: str, longest: int, letter: str) -> None:
    assert getattr(parse(TicketRequest, LEAST | {field: letter * longest}), field) == letter * longest
    with pytest.raises(BadInput) as refused:
        parse(TicketRequest, LEAST | {field: letter * (longest + 1)})
    assert str(refused.value) == f"{field} must be at most {longest} characters long"


@pytest.mark.parametrize("field", ["customer_external_id", "subject", "description", "external_ticket_id"])
@pytest.mark.parametrize(
    "value",
    [
        "Jo Nö, Inc. <a/b>%2F+",
        "👩‍👩‍👧‍👦",
        "'; DROP TABLE customers; --",
        "{{7*7}}",
        "\u202eabc",
        "e\u0301",
        " a ",
    ],
)
def test_odd_but_valid_text_arrives_as_it_was_sent(field: str, value: str) -> None:
    assert getattr(ticket(**{field: value}), field) == value


@pytest.mark.parametrize("field", ["subject", "description"])
def test_a_text_may_have_several_lines(field: str) -> None:
    assert getattr(ticket(**{field: "Hello,\r\n\tyou"}), field) == "Hello,\r\n\tyou"


@pytest.mark.parametrize("field", ["customer_external_id", "subject", "description"])
def test_what_a_ticket_needs_is_required_and_not_blank(field: str) -> None:
    body = {name: value for name, value in LEAST.items() if name != field}
    assert problems(TicketRequest, body) == [(field, "is required")]
    for blank in ("", "  ", "\u200b\u3000", "\u0301"):
        assert problems(TicketRequest, body | {field: blank}) == [(field, BLANK)]
    assert problems(TicketRequest, body | {field: None}) == [(field, STRING)]


@pytest.mark.parametrize(
    "field", ["customer_external_id", "subject", "description", "ticket_id", "external_ticket_id"]
)
@pytest.mark.parametrize("value", NOT_TEXT, ids=str)
def test_what_is_no_text_is_refused(field: str, value: object) -> None:
    assert problems(TicketRequest, LEAST | {field: value}) == [(field, STRING)]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("customer_external_id", "a\nb", LINE),
        ("customer_external_id", "a\u0000", LINE),
        ("customer_external_id", "a\u2028b", LINE),
        ("customer_external_id", "a\ud800", HALF),
        ("subject", "a\u0007", BELL),
        ("subject", "a\ud800", HALF),
        ("description", "a\u0007", BELL),
        ("description", "a\ud800", HALF),
        ("external_ticket_id", "a\u0007", BELL),
        ("ticket_id", "", IDENTIFIER),
        ("ticket_id", "a b", IDENTIFIER),
        ("ticket_id", "../a", IDENTIFIER),
        ("ticket_id", "a\n", IDENTIFIER),
        ("ticket_id", "x" * 129, IDENTIFIER),
        ("ticket_id", "é", IDENTIFIER),
        *each("channel", CHANNEL, "fax", "EMAIL", "", 5, True, [], ["email"], {}),
        *each("priority", PRIORITY, "critical", "High", "", 1, False, [], {}),
        *each("metadata", "must be a JSON object", "", "{}", 5, True, [], [["a", 1]]),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(field: str, value: object, problem: str) -> None:
    assert problems(TicketRequest, LEAST | {field: value}) == [(field, problem)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-20T12:00:00Z", 0),
        ("2026-11-20T12:00:00z", 0),
        ("2026-11-20t12:00:00Z", 0),
        ("2026-11-20T12:00:00", 0),
        ("2026-11-20T12:00", 0),
        ("2026-11-20 12:00:00+00", 0),
        ("2026-11-20T12:00:00.000+00:00", 0),
        ("2026-11-20T14:00:00+02:00", 0),
        ("2026-11-20T17:30:00+0530", 0),
        ("2026-11-20T07:00:00-05:00", 0),
        ("2026-11-20T12:00:00.25Z", 0.25),
        ("2026-11-20T12:00:00,25Z", 0.25),
        ("2026-11-20T12:00:00.123456789Z", 0.123456),
        ("2026-11-20", -12 * 3600),
    ],
)
def test_a_date_is_read_in_any_usual_spelling_of_iso_8601(text: str, seconds: float) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
    created_at = ticket(created_at=text).created_at
    assert created_at == noon + timedelta(seconds=seconds)
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
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_date_that_is_none_is_refused(field: str, value: object, problem: str) -> None:
    assert problems(TicketRequest, LEAST | {field: value}) == [(field, problem)]


@pytest.mark.parametrize("metadata", [{}, {"": 1}, {"a": "line\nline\u0000"}, {"n": 10**300}, nested(20)])
def test_metadata_is_any_json_object(metadata: dict[str, Any]) -> None:
    assert ticket(metadata=metadata).metadata == metadata


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({"a\n": 1}, LINE),
        ({"a": [{"b\u0000": 1}]}, LINE),
        ({"a\ud800": 1}, HALF),
        ({"a": {"b\ud800": 1}}, HALF),
        ({"a": ["b", "c\ud800"]}, HALF),
        (nested(21), "is nested deeper than 20 levels"),
        (nested(400), "is nested deeper than 20 levels"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_metadata_that_could_not_be_kept_is_refused(metadata: object, problem: str) -> None:
    assert problems(TicketRequest, LEAST | {"metadata": metadata}) == [("metadata", problem)]


def test_a_number_beyond_all_bounds_is_refused() -> None:
    body = json.dumps(LEAST)[:-1].encode() + b', "metadata": {"n": [1e999]}}'
    assert problems(TicketRequest, body) == [("metadata", "holds a number that is too large")]


@pytest.mark.parametrize("opening", [b'{"metadata": ' + b"[" * 65_000, b"[" * 65_000, b'{"a":' * 13_000])
def test_brackets_without_an_end_are_no_json(opening: bytes) -> None:
    assert problems(TicketRequest, opening) == [("body", "is not valid JSON; send one JSON object")]


def test_what_is_no_object_is_told_with_an_example_of_its_own() -> None:
    example = 'must be a JSON object, such as {"customer_external_id": "…"}'
    assert problems(TicketRequest, []) == [("body", example)]


def test_all_wrong_fields_are_named_at_once() -> None:
    body = {"subject": 5, "description": "", "channel": "fax", "created_at": "soon", "metadata": []}
    assert [field for field, _ in problems(TicketRequest, body)] == [
        "customer_external_id",
        "subject",
        "description",
        "channel",
        "metadata",
        "created_at",
    ]


@pytest.mark.parametrize("field", list(TicketRequest.model_fields))
@pytest.mark.parametrize(
    "value", ["hunter2\u0000", ["hunter2"], {"hunter2\n": "hunter2\ud800"}, "hunter2" * 9999]
)
def test_a_refusal_never_repeats_what_was_sent(field: str, value: object) -> None:
    with pytest.raises(BadInput) as refused:
        parse(TicketRequest, LEAST | {field: value})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("helpful", [True, False])
def test_feedback_is_a_yes_or_no_with_or_without_words(helpful: bool) -> None:
    bare = parse_body(TicketFeedbackRequest, json.dumps({"helpful": helpful}).encode())
    assert bare.model_dump() == {"helpful": helpful, "source": None, "comment": None}
    words = {"helpful": helpful, "source": "kb_suggestions", "comment": "Found it\nat once."}
    assert parse_body(TicketFeedbackRequest, json.dumps(words).encode()).model_dump() == words


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"helpful": "yes"}, ("helpful", "must be true or false")),
        ({"helpful": "true"}, ("helpful", "must be true or false")),
        ({"helpful": 1}, ("helpful", "must be true or false")),
        ({"helpful": None}, ("helpful", "must be true or false")),
        ({"helpful": []}, ("helpful", "must be true or false")),
        ({"source": 5}, ("source", STRING)),
        ({"source": "x" * 201}, ("source", "must be at most 200 characters long")),
        ({"comment": ["a"]}, ("comment", STRING)),
        ({"comment": "a\u0007"}, ("comment", BELL)),
        ({"comment": "x" * 1001}, ("comment", "must be at most 1000 characters long")),
    ],
)
def test_wrong_feedback_is_refused(fields: dict[str, Any], problem: tuple[str, str]) -> None:
    assert problems(TicketFeedbackRequest, {"helpful": True} | fields) == [problem]


def test_feedback_needs_a_yes_or_no() -> None:
    assert problems(TicketFeedbackRequest, {"comment": "a"}) == [("helpful", "is required")]


@pytest.mark.parametrize("status", ["open", "pending", "closed"])
def test_a_ticket_can_be_moved_to_each_status(status: str) -> None:
    assert parse_body(TicketMove, json.dumps({"status": status}).encode()).status == status


@pytest.mark.parametrize("value", ["solved", "OPEN", "", None, 1, [], {}])
def test_a_ticket_cannot_be_moved_anywhere_else(value: object) -> None:
    assert problems(TicketMove, {"status": value}) == [("status", STATUS)]


def test_a_move_needs_a_status() -> None:
    assert problems(TicketMove, {}) == [("status", "is required")]


def test_tickets_are_listed_twenty_at_a_time_of_any_status() -> None:
    assert parse(TicketsQuery, {}).model_dump() == {"status": None, "limit": 20, "before": None}


@pytest.mark.parametrize("ticket_id", ["T", "T-1", "a.b:c_d-e", "x" * 128])
def test_a_list_goes_on_after_any_ticket(ticket_id: str) -> None:
    place = f"01795176000000.{ticket_id}"
    assert parse(TicketsQuery, {"before": place}).before == place


@pytest.mark.parametrize(("limit", "read"), [("1", 1), ("100", 100)])
def test_a_page_of_tickets_is_chosen(limit: str, read: int) -> None:
    query = parse(
        TicketsQuery, {"status": "closed", "limit": limit, "before": "01795176000000.T-1", "x": "y"}
    )
    assert query.model_dump() == {"status": "closed", "limit": read, "before": "01795176000000.T-1"}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"limit": "0"}, "limit must be at least 1"),
        ({"limit": "-1"}, "limit must be at least 1"),
        ({"limit": "101"}, "limit must be at most 100"),
        ({"limit": ""}, "limit must be a whole number"),
        ({"limit": "ten"}, "limit must be a whole number"),
        ({"limit": "1.5"}, "limit must be a whole number"),
        ({"limit": "9" * 5000}, "limit is too large"),
        ({"status": ""}, f"status {STATUS}"),
        ({"status": "Open"}, f"status {STATUS}"),
        ({"before": ""}, "before must be the `next` of an earlier answer"),
        ({"before": "a b"}, "before must be the `next` of an earlier answer"),
        ({"before": "a\n"}, "before must be the `next` of an earlier answer"),
        ({"before": "é"}, "before must be the `next` of an earlier answer"),
        ({"before": "0"}, "before must be the `next` of an earlier answer"),
        ({"before": "T-1"}, "before must be the `next` of an earlier answer"),
        ({"before": "01795176000000."}, "before must be the `next` of an earlier answer"),
        ({"before": "01795176000000." + "x" * 129}, "before must be the `next` of an earlier answer"),
    ],
)
def test_a_wrong_page_of_tickets_is_refused(query: dict[str, str], problem: str) -> None:
    assert refusal(TicketsQuery, **query) == problem


@pytest.mark.parametrize(("written", "ticket_id"), [("T-1", "T-1"), ("a%3Ab", "a:b"), ("a:b", "a:b")])
def test_a_ticket_in_a_path_is_decoded(written: str, ticket_id: str) -> None:
    assert parse_path("ticket_id", written) == ticket_id


@pytest.mark.parametrize("written", ["a%20b", "%00", "-a", "a%2Fb", "x" * 129])
def test_a_malformed_ticket_in_a_path_is_refused(written: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_path("ticket_id", written)
    assert str(refused.value) == f"ticket_id {IDENTIFIER}"


@pytest.mark.parametrize(
    ("written", "external_id"),
    [
        ("CUST-1001", "CUST-1001"),
        ("Jo%20N%C3%B6", "Jo Nö"),
        ("a%2Fb", "a/b"),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("100%25", "100%"),
        ("100%2541", "100%41"),
        ("100%", "100%"),
        ("%F0%9F%98%80", "😀"),
        ("*", "*"),
    ],
)
def test_a_customer_in_a_path_is_decoded_once(written: str, external_id: str) -> None:
    assert parse_path("external_id", written, EXTERNAL_ID) == external_id


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("%20", BLANK),
        ("a%0Ab", LINE),
        ("%00", LINE),
        ("%FF", "is not percent-encoded UTF-8"),
        ("%ED%A0%80", "is not percent-encoded UTF-8"),
        ("x" * 129, "must be at most 128 characters long"),
    ],
)
def test_a_malformed_customer_in_a_path_is_refused(written: str, problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_path("external_id", written, EXTERNAL_ID)
    assert str(refused.value) == f"external_id {problem}"
