"""What the stream of the events' table says: which events are new, and which were woken."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.answers import OF_ANOTHER_SHAPE


def events_to_deliver(event: Mapping[str, Any]) -> list[str]:
    """Return the ids of the events that a batch of the stream asks to deliver, in its order, each once.

    A delivery writes to its event too, which asks for nothing, and neither does a record that makes no sense.
    """
    return list(dict.fromkeys(_ids(event)))


def _ids(event: Mapping[str, Any]) -> Iterator[str]:
    for record in event.get("Records", ()):
        try:
            kind, image = record["eventName"], record["dynamodb"].get("NewImage", {})
            if kind == "INSERT" or (kind == "MODIFY" and _is_woken(image)):
                yield image["event_id"]["S"]
        except OF_ANOTHER_SHAPE:
            continue


def _is_woken(image: Mapping[str, Any]) -> bool:
    return "woken_at" in image and image["claimed_until"]["N"] == "0"
