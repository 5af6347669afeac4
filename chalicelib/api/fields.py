"""The rules that fields of requests keep to, each with what a client is told that breaks it."""

import math
import re
import unicodedata
from datetime import datetime, timezone
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from chalicelib.api.cors import PROOF_HEADERS
from chalicelib.email_address import EMAIL_ADDRESS

LAYOUT = "\t\n\r"
MAX_NAME_CHARS = 128
MAX_LABEL_CHARS = 200
MAX_COMMENT_CHARS = 1000
MAX_EMAIL_CHARS = 254
MAX_METADATA_LEVELS = 20
MAX_METADATA_NAMES = 200
MAX_METADATA_VALUES = 1000
FIRST_YEAR, LAST_YEAR = 2000, 2999
"""A date outside of these is a slip. What lies ahead of now is for the desk to refuse: it has the clock."""
ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:(Z)|([+-]\d\d)(?::?(\d\d))?)?)?",
    re.ASCII | re.IGNORECASE,
)
LAST_SECOND = 9_999_999_999
DATE_PROBLEM = "must be a date and time in ISO 8601, such as 2026-11-20T12:00:00Z"


def read_whole_number(value: object) -> object:
    """Take a number such as 1.0 for a whole one, as JSON Schema does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check_text(value: str) -> str:
    for position, char in enumerate(value):
        if unicodedata.category(char) == "Cc" and char not in LAYOUT:
            raise ValueError(
                f"holds the control character U+{ord(char):04X} at position {position}; remove it"
            )
    return value


def check_not_blank(value: str) -> str:
    # Spaces and invisible characters (Z*, C*) alone are no question; neither is a lone accent (M*).
    if all(unicodedata.category(char)[0] in "ZCM" for char in value):
        raise ValueError("is blank; write something")
    return value


def check_one_line(value: str) -> str:
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in value):
        raise ValueError("holds a control character or a line break; remove it")
    return value


def read_moment(value: object) -> datetime | None:
    """Read a date, with a time and an offset or without; without an offset it is in UTC."""
    if value is None:
        return None
    match = ISO_8601.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(DATE_PROBLEM)
    date, minutes, seconds, fraction, _, offset_hours, offset_minutes = match.groups(default="")
    time = f"{minutes or '00:00'}:{seconds or '00'}.{fraction[:6]:0<6}"
    offset = f"{offset_hours or '+00'}:{offset_minutes or '00'}"
    try:
        moment = datetime.fromisoformat(f"{date}T{time}{offset}")
    except ValueError:
        raise ValueError(DATE_PROBLEM) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    return moment.astimezone(timezone.utc)


def check_metadata(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what could not be kept and given back. No recursion: the sender would choose its depth."""
    waiting: list[tuple[object, int]] = [(value, 1)]
    names = values = 0
    while waiting:
        item, level = waiting.pop()
        values += 1
        if isinstance(item, dict):
            names += len(item)
            for name in item:
                _metadata_name(name)
        if isinstance(item, dict | list):
            _within_bounds(level, names, values + len(waiting) + len(item))
            inner_values = item.values() if isinstance(item, dict) else item
            waiting.extend((inner, level + 1) for inner in inner_values)
        elif isinstance(item, str):
            _encodable(item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError("holds a number that is too large")
    return value


def _metadata_name(name: str) -> None:
    if len(name) > MAX_NAME_CHARS:
        raise ValueError(f"holds a name of {len(name)} characters; use at most {MAX_NAME_CHARS}")
    check_one_line(_encodable(name))


def _within_bounds(levels: int, names: int, values: int) -> None:
    if levels > MAX_METADATA_LEVELS:
        raise ValueError(f"is nested deeper than {MAX_METADATA_LEVELS} levels")
    if names > MAX_METADATA_NAMES:
        raise ValueError(f"holds more than {MAX_METADATA_NAMES} names; send fewer fields")
    if values > MAX_METADATA_VALUES:
        raise ValueError(f"holds more than {MAX_METADATA_VALUES} values; send shorter lists")


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a lone surrogate); send valid Unicode") from None
    return text


TEXT = AfterValidator(check_text)
NOT_BLANK = AfterValidator(check_not_blank)
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
IDENTIFIER_PROBLEM = "must be 1 to 128 letters, digits or . _ : - and start with a letter or digit"
CUSTOMER_ID_PROBLEM = "must be 1 to 128 printable ASCII characters without spaces"
CUSTOMER_HASH_PROBLEM = "must be 64 hexadecimal digits (HMAC-SHA256 of the customer_id)"
PATTERNS = {
    "session_id": IDENTIFIER_PROBLEM,
    "message_id": IDENTIFIER_PROBLEM,
    "ticket_id": IDENTIFIER_PROBLEM,
    "reply_id": IDENTIFIER_PROBLEM,
    "event_id": IDENTIFIER_PROBLEM,
    **dict.fromkeys(("customer_id", PROOF_HEADERS[0]), CUSTOMER_ID_PROBLEM),
    **dict.fromkeys(("customer_hash", PROOF_HEADERS[1]), CUSTOMER_HASH_PROBLEM),
    "token": "must be what stands behind `#conversation=` in the link of a mail",
    "email": "must be an address such as ada@example.com",
    "phone": "must be 6 to 15 digits, with + ( ) . / - and spaces between them at most",
    "before": "must be the `next` of an earlier answer",
    "after": "must be the `newest` of an earlier answer",
}
ExternalId = Annotated[str, Field(max_length=MAX_NAME_CHARS), AfterValidator(check_one_line), NOT_BLANK]
"""How the team's own systems name a customer. They may write it as they like, unlike in the chat."""
CustomerId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
LinkToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,200}$")]
CustomerHash = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$")]
Expiry = Annotated[int, Field(ge=0, le=LAST_SECOND), BeforeValidator(read_whole_number)]
"""In seconds since 1970. Milliseconds would be too large, rather than a time that never comes."""
Email = Annotated[str, StringConstraints(max_length=MAX_EMAIL_CHARS, pattern=rf"^{EMAIL_ADDRESS}$")]
"""As the chat takes it from what a customer writes."""
Phone = Annotated[str, StringConstraints(pattern=r"^[+(]{0,2}[0-9](?:[ ()/.-]{0,2}[0-9]){5,14}$")]
"""No longer than numbers are (E.164), so that none of a card fits."""
Label = Annotated[str, Field(max_length=MAX_LABEL_CHARS), TEXT]
Name = Annotated[Label, AfterValidator(check_one_line)]
Comment = Annotated[str, Field(max_length=MAX_COMMENT_CHARS), TEXT]
Moment = Annotated[datetime | None, BeforeValidator(read_moment)]
Metadata = Annotated[
    dict[str, Any],
    BeforeValidator(lambda value: {} if value is None else value),
    AfterValidator(check_metadata),
]
