"""Bedrock's ConverseStream: its events as they come, and the answer that Converse would have given."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.eventstream import ParserError
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as NothingCame

from chalicelib.answers import require
from chalicelib.errors import UnreadableAnswer
from chalicelib.gateways.converse import is_blocked, text_of

Heard = Callable[[str], object]
"""Is told all of the text that there is so far, which starts over where another model is asked."""
BEDROCK = "bedrock-runtime"


def stream_request_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of ConverseStream for those of Converse: no text goes out before it is judged."""
    guardrail = request.get("guardrailConfig")
    guarded = {"guardrailConfig": {**guardrail, "streamProcessingMode": "sync"}} if guardrail else {}
    return {**request, **guarded}


def read_stream(events: Iterable[Mapping[str, Any]], heard: Heard, is_late: Callable[[], bool]) -> Any:
    """Return what Converse would have answered, and tell of the text as it comes.

    Raises ConnectionClosedError for a stream that breaks off, ReadTimeoutError for one that is late,
    UnreadableAnswer, ClientError, and within `reading` what that turns into UnreadableAnswer.
    """
    blocks: dict[int, dict[str, Any]] = {}
    texts: list[str] = []
    ended: dict[str, Any] = {}
    with _reading_stream():
        for event in events:
            if is_late():
                raise ReadTimeoutError(endpoint_url=BEDROCK)
            if delta := event.get("contentBlockDelta"):
                if "text" in delta["delta"]:
                    texts.append(require(delta["delta"]["text"], str))
                _add(blocks, delta["contentBlockIndex"], delta["delta"])
                heard(text_of(list(blocks.values())))
            elif start := event.get("contentBlockStart"):
                blocks[start["contentBlockIndex"]] = {"toolUse": {**start["start"]["toolUse"], "input": ""}}
            else:
                ended.update(event.get("messageStop") or event.get("metadata") or {})
    if not {"stopReason", "usage"} <= ended.keys():
        raise ConnectionClosedError(endpoint_url=BEDROCK)
    content = [_whole(block) for block in blocks.values()]
    if is_blocked(ended.get("trace", {}).get("guardrail", {})):
        content = [{"text": _said_instead(texts, ended["trace"]["guardrail"].get("modelOutput", ()))}]
    return {"output": {"message": {"content": content}}, **ended}


@contextmanager
def _reading_stream() -> Iterator[None]:
    """Turn what botocore lets through of a stream in the block into failures of its own kinds."""
    try:
        yield
    except NothingCame as error:
        raise ReadTimeoutError(endpoint_url=BEDROCK) from error
    except (HTTPError, OSError) as error:
        raise ConnectionClosedError(endpoint_url=BEDROCK) from error
    except ParserError as error:
        raise UnreadableAnswer("model") from error


def _add(blocks: dict[int, dict[str, Any]], index: int, delta: Mapping[str, Any]) -> None:
    if "text" in delta:
        block = blocks.setdefault(index, {"text": ""})
        block["text"] += delta["text"]
    elif "toolUse" in delta:
        blocks[index]["toolUse"]["input"] += delta["toolUse"]["input"]


def _whole(block: dict[str, Any]) -> dict[str, Any]:
    if "toolUse" not in block:
        return block
    use = block["toolUse"]
    return {"toolUse": {**use, "input": json.loads(use["input"] or "{}")}}


def _said_instead(texts: Sequence[str], written: Sequence[str]) -> str:
    """Return what the guardrail says, without what it had let through of the model's own words before."""
    before = ""
    for place, text in enumerate(texts):
        before += text
        if not "".join(written).startswith(before):
            return "".join(texts[place:])
    return "".join(texts)
