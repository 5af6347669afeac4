"""What Bedrock asks of a conversation beyond the shape of its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from devstack.bedrock.wire.protocol import ServiceError

Parameters = Mapping[str, Any]


def check_messages(messages: Sequence[Parameters]) -> None:
    """Refuse what Bedrock refuses of a conversation. Raises: ServiceError (ValidationException)."""
    problem = _problem_of_roles([message["role"] for message in messages]) or _problem_of_content(messages)
    if problem:
        raise ServiceError("ValidationException", problem)


def _problem_of_roles(roles: Sequence[str]) -> str | None:
    if not roles or roles[0] != "user":
        return (
            "A conversation must start with a user message. "
            "Try again with a conversation that starts with a user message."
        )
    if any(role != ("user", "assistant")[place % 2] for place, role in enumerate(roles)):
        return (
            "A conversation must alternate between user and assistant roles. "
            "Make sure the conversation alternates between user and assistant roles and try again."
        )
    if roles[-1] != "user":
        return (
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    return None


def _problem_of_content(messages: Sequence[Parameters]) -> str | None:
    for place, message in enumerate(messages):
        if not message["content"]:
            return (
                f"The content field in the Message object at messages.{place} is empty. "
                "Add a ContentBlock object to the content field and try again."
            )
        for index, block in enumerate(message["content"]):
            if _is_blank(block):
                return (
                    f"The text field in the ContentBlock object at messages.{place}.content.{index} "
                    "is blank. Add text to the text field, and try again."
                )
    return None


def _is_blank(block: Parameters) -> bool:
    text = block.get("guardContent", {}).get("text", {}).get("text", block.get("text"))
    return isinstance(text, str) and not text.strip()
