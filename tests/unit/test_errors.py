"""What can go wrong: a sentence for a person each, and an answer of its own each."""

import re

import pytest

from chalicelib import errors
from chalicelib.api.http import STATUSES
from chalicelib.errors import (
    BadInput,
    FieldProblem,
    ModelUnavailable,
    SupportError,
    TooManyRequests,
    Unavailable,
)

EXAMPLES: dict[type[SupportError], SupportError] = {
    type(error): error
    for error in (
        BadInput(FieldProblem("query", "is required")),
        errors.NotYourSession(),
        errors.WrongCustomerHash(),
        errors.UnknownMessage(),
        errors.UnknownTicket(),
        errors.MessageIdReused(),
        errors.TicketIdReused(),
        errors.BodyTooLarge("The request is too large."),
        errors.NotJson("The body is text/plain; send JSON."),
        TooManyRequests("Please wait a moment.", 5),
        Unavailable("customers"),
        errors.UnreadableAnswer("customers"),
        ModelUnavailable(),
        errors.IngestionCallFailed("ThrottlingException"),
        errors.KnowledgeBaseBusy("ConflictException"),
        errors.UnknownIngestionJob("ResourceNotFoundException"),
    )
}


def every_error(base: type[SupportError] = SupportError) -> set[type[SupportError]]:
    return {error for child in base.__subclasses__() for error in {child, *every_error(child)}}


def test_every_error_has_an_example_here() -> None:
    ours = {error for error in every_error() if error.__module__ == errors.__name__}
    assert ours == set(EXAMPLES)


def test_every_error_has_a_status_and_each_code_means_one_thing() -> None:
    assert all(any(base in STATUSES for base in error.__mro__) for error in EXAMPLES)
    assert len({code for _, code in STATUSES.values()}) == len(STATUSES)


@pytest.mark.parametrize("kind", STATUSES)
def test_codes_are_snake_case_and_statuses_are_errors(kind: type[SupportError]) -> None:
    status, code = STATUSES[kind]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    assert 400 <= status < 600


@pytest.mark.parametrize("error", [e for e in EXAMPLES.values() if not isinstance(e, BadInput)], ids=type)
def test_an_error_is_a_sentence_for_a_person(error: SupportError) -> None:
    assert re.fullmatch(r"[A-Z].*\.", str(error))


@pytest.mark.parametrize("name", ["customers", "model", "knowledge_base"])
def test_the_name_of_what_is_down_stays_inside(name: str) -> None:
    assert name not in str(Unavailable(name))


def test_a_silent_model_is_a_kind_of_outage_with_words_of_its_own() -> None:
    error = ModelUnavailable(retry_after_seconds=7)
    assert isinstance(error, Unavailable)
    assert error.retry_after_seconds == 7
    assert "send your message again" in str(error)


def test_wrong_settings_are_no_answer_to_a_client() -> None:
    assert not issubclass(errors.InvalidSettings, SupportError)
