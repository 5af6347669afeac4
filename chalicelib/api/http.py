"""The HTTP manners that all routes share: who is calling, the error shape, the correlation id.

Chalice keeps the current request on the app, where the requests of two threads overwrite each other. The
middleware here is handed the right one and keeps it for its thread, so views ask `current_request`.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import partial, wraps
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, TypeVar

from chalice import Chalice, Response

from chalicelib import api, errors
from chalicelib.api.cors import PROOF_HEADERS, Cors, Origins
from chalicelib.logs import cause_of, logger
from chalicelib.metrics import measured

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

Request = TypeVar("Request", bound="BaseModel")

PROTECTION = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
}
"""The headers of each answer, unless it has its own: what is said here is for the caller alone."""
CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

STATUSES: Mapping[type[errors.SupportError], tuple[int, str]] = {
    errors.BadInput: (400, "invalid_request"),
    errors.NotYourSession: (403, "not_your_session"),
    errors.WrongCustomerHash: (403, "wrong_customer_hash"),
    errors.LinkNotValid: (403, "link_not_valid"),
    errors.UnknownMessage: (404, "unknown_message"),
    errors.NothingPending: (404, "nothing_pending"),
    errors.UnknownTicket: (404, "unknown_ticket"),
    errors.UnknownEvent: (404, "unknown_event"),
    errors.MessageIdReused: (409, "message_id_reused"),
    errors.TicketIdReused: (409, "ticket_id_reused"),
    errors.ErasedMeanwhile: (409, "erased"),
    errors.TicketClosed: (409, "ticket_closed"),
    errors.ConversationErased: (409, "conversation_erased"),
    errors.ReplyIdReused: (409, "reply_id_reused"),
    errors.TicketNotSolved: (409, "ticket_not_solved"),
    errors.NothingToWrite: (409, "nothing_to_write"),
    errors.BodyTooLarge: (413, "body_too_large"),
    errors.NotJson: (415, "unsupported_media_type"),
    errors.TooManyRequests: (429, "too_many_requests"),
    errors.BudgetReached: (429, "budget_reached"),
    errors.ModelUnavailable: (503, "model_unavailable"),
    errors.Unavailable: (503, "unavailable"),
}
# What Chalice answers itself, by status, in our words.
OF_CHALICE = {
    400: ("invalid_request", "The request could not be understood."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take this method."),
    415: ("unsupported_media_type", "Send JSON with the header Content-Type: application/json."),
}
OUR_FAULT = ("internal_error", "Something went wrong on our side. Please try again in a moment.")

Answer = Mapping[str, object]
"""A JSON object, as a view returns it: its type is one of `api/answers/`."""

_request: ContextVar[Any] = ContextVar("request")
_correlation_id: ContextVar[str] = ContextVar("correlation_id")


def current_request() -> Any:
    """Return the Chalice request that this thread serves."""
    return _request.get()


def install(app: Chalice, origins: Callable[[], Origins]) -> None:
    """Give every answer its headers and log line, and what Chalice refuses our error shape."""
    app.register_middleware(partial(_middleware, Cors(app, origins)), "http")


def query_parameters() -> dict[str, str]:
    """Return what follows the `?` of the address."""
    return dict(current_request().query_params or {})


def proof_headers() -> dict[str, str]:
    """Return the headers that prove a customer, as far as they were sent."""
    headers = current_request().headers
    return {name: headers[name] for name in PROOF_HEADERS if name in headers}


def caller() -> str:
    """Return the caller's name by network address, of IPv6 the /64 that a subscriber has for themselves.

    The gateway tells the address; what a client says of itself in headers counts for nothing.
    """
    address = str(current_request().context.get("identity", {}).get("sourceIp", "unknown"))
    with suppress(ValueError):
        parsed = ip_address(address)
        if isinstance(parsed, IPv6Address):
            address = str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return f"address#{address}"


def agent_name() -> str:
    """Return the owner of the token that the authorizer let in."""
    return str(current_request().context["authorizer"]["principalId"])


def json_body() -> bytes:
    """Return the request's body. Raises NotJson unless it is declared to be JSON."""
    request = current_request()
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise errors.NotJson(OF_CHALICE[415][1])
    return bytes(request.raw_body)


def read_body(kind: type[Request]) -> Request:
    """Return the body as a request of a kind. Raises NotJson, BodyTooLarge, BadInput."""
    return api.parsing.parse_body(kind, json_body())


def read_optional_body(kind: type[Request]) -> Request:
    """Return the body as a request of a kind that requires nothing; no body is one, too.

    Raises NotJson, BodyTooLarge, BadInput.
    """
    return read_body(kind) if current_request().raw_body else kind()


def read_query(kind: type[Request]) -> Request:
    """Return what follows the `?` as a query of a kind. Raises BadInput."""
    return api.parsing.parse(kind, query_parameters())


def read_path(name: str, value: str, kind: "TypeAdapter[str] | None" = None) -> str:
    """Return a part of the path, an identifier unless it is of another kind. Raises BadInput."""
    return api.parsing.parse_path(name, value, kind or api.parsing.IDENTIFIER)


def answers_errors(view: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what a view raises into the error answer; goes right below `@app.route`.

    A decorator, because no exception gets to middleware: Chalice answers 500 in between.
    """

    @wraps(view)
    def answer(*args: object, **kwargs: object) -> Any:
        try:
            return view(*args, **kwargs)
        except errors.SupportError as error:
            return _refusal(error)
        except errors.InvalidSettings as error:
            # Its text holds names of settings and no customer's words, and is what the operator needs.
            logger.error("invalid_settings", problems=str(error))
            raise

    return answer


def _middleware(cors: Cors, request: Any, get_response: Callable[[Any], Response]) -> Response:
    _request.set(request)
    _correlation_id.set(_choose_correlation_id(request))
    logger.set_correlation_id(_correlation_id.get())
    response = get_response(request)
    if response.status_code >= 400 and isinstance(response.body, dict) and "Code" in response.body:
        response = _in_our_shape(response)
    if isinstance(response.body, dict):
        response.body["correlation_id"] = _correlation_id.get()
    added = {**cors.headers(request), "X-Correlation-Id": _correlation_id.get()}
    if "Vary" in response.headers and "Vary" in added:
        added["Vary"] = f"{response.headers['Vary']}, {added['Vary']}"
    response.headers = {**PROTECTION, **response.headers, **added}
    status = response.status_code
    counted = measured({"ServerErrors": 1}) if status >= 500 else {}
    logger.info("request", route=request.path, method=request.method, status=status, **counted)
    return response


def _choose_correlation_id(request: Any) -> str:
    sent = request.headers.get("x-correlation-id", "")
    if CORRELATION_ID.fullmatch(sent):
        return str(sent)
    return str(request.context.get("requestId") or uuid.uuid4())


def status_and_code(error: errors.SupportError) -> tuple[int, str]:
    """Return the status of an error's answer, and what programs call it."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def _refusal(error: errors.SupportError) -> Response:
    status, code = status_and_code(error)
    body: dict[str, Any] = {"error": str(error), "code": code}
    headers: dict[str, Any] = {}
    if isinstance(error, errors.BadInput):
        body["error"] = "The request is not valid: " + str(error) + "."
        body["fields"] = [{"field": p.field, "problem": p.problem} for p in error.problems]
    if isinstance(error, (errors.TooManyRequests, errors.Unavailable)):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, errors.Unavailable):
        logger.warning("unavailable", dependency=error.dependency, cause=cause_of(error))
    return Response(body, headers, status)


def _in_our_shape(response: Response) -> Response:
    code, sentence = OF_CHALICE.get(response.status_code, OUR_FAULT)
    body: dict[str, Any] = {"error": sentence, "code": code}
    if response.status_code == 400:
        body["fields"] = []
    return Response(body, response.headers, response.status_code)
