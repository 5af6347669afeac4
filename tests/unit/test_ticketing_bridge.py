"""The bridge to a ticketing system, with the adapter for Zammad, against a stand-in of Zammad."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from chalicelib.domain.event import Event
from chalicelib.gateways.webhooks import body_of, signed
from tests.product import within
from tests.zammad import AGENT_ID, BRIDGE_ID, GROUP, SECRET, TOKEN, Zammad, serving_zammad
from tooling.project import ROOT

KEY = b"the key of this endpoint"
WHSEC = "whsec_dGhlIGtleSBvZiB0aGlzIGVuZHBvaW50"
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
SAID = [
    ("user", "Where is my parcel?", NOW),
    ("assistant", "I could not find that.", NOW),
    ("user", "A person please", NOW + timedelta(minutes=1)),
]


@pytest.fixture(scope="module")
def programs() -> Iterator[tuple[Any, Any]]:
    """The modules of samples/ticketing/, which import each other as the program does."""
    sys.path.insert(0, str(ROOT / "samples" / "ticketing"))
    yield importlib.import_module("bridge"), importlib.import_module("zammad")
    sys.path.pop(0)


@dataclass
class FakeSupport:
    """What the assistant's API keeps of one ticket, T-1."""

    programs: tuple[Any, Any]
    email: str | None = "ada@example.com"
    transcript: list[dict[str, Any]] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    reason: str | None = "customer_request"
    status: str = "open"
    is_down: bool = False

    def context(self, ticket_id: str) -> Mapping[str, Any] | None:
        self._check()
        if ticket_id != "T-1":
            return None
        contact = {"email": self.email, "phone": None, "name": None} if self.email else None
        ticket = {"ticket_id": "T-1", "status": self.status, "priority": "high", "contact": contact}
        ticket |= {
            "reason": self.reason,
            "subject": "Wants\na person",
            "description": "The customer asked for a person.",
        }
        return {"ticket": ticket, "customer_context": None, "transcript": self.transcript}

    def reply(self, ticket_id: str, reply_id: str, message: str) -> None:
        self._check()
        if self.status == "closed" and reply_id not in self.replies:
            raise self.programs[0].Refused("This ticket is closed.")
        self.replies.setdefault(reply_id, message)

    def close(self, ticket_id: str) -> None:
        self._check()
        self.status = "closed"

    def _check(self) -> None:
        if self.is_down:
            raise self.programs[0].OutOfReach("down")


class Scene:
    """Both sides, and the bridge between them."""

    def __init__(self, programs: tuple[Any, Any], zammad: Zammad, url: str) -> None:
        self.programs, self.zammad, self.url = programs, zammad, url
        self.support = FakeSupport(programs)
        self.restart()

    def restart(self) -> None:
        """Begin anew, with nothing remembered."""
        bridge, zammad = self.programs
        system = zammad.Zammad(self.url, TOKEN, SECRET, GROUP, "nobody@example.com")
        self.bridge = bridge.Bridge(self.support, WHSEC, system)

    def tell(self, kind: str, at: datetime = NOW, **data: Any) -> int:
        """Deliver an event as the assistant does; return the status of the answer."""
        known = {"ticket_id": "T-1", "status": self.support.status, "priority": "high", "assignee": None}
        event = Event(kind, "ticket#T-1", 1, at, {**known, **data})  # type: ignore[arg-type]
        body = body_of(event)
        headers = signed(KEY, event.event_id, datetime.now(timezone.utc), body)
        return int(self.bridge.answer("/from-assistant", headers, body))

    def pass_on(self) -> list[int]:
        """Deliver the webhooks that Zammad has made since the last time; return the statuses."""
        assert within(5, lambda: len(self.zammad.delivered) > 0)
        delivered, self.zammad.delivered = self.zammad.delivered, []
        return [self.bring(body, headers) for body, headers in delivered]

    def bring(self, body: bytes, headers: Mapping[str, str]) -> int:
        lower = {name.lower(): value for name, value in headers.items()}
        return int(self.bridge.answer("/from-zammad", lower, body))


@pytest.fixture
def scene(programs: tuple[Any, Any]) -> Iterator[Scene]:
    with serving_zammad() as (zammad, url):
        scene = Scene(programs, zammad, url)
        scene.support.transcript = [
            {"role": role, "content": text, "timestamp": f"{at.isoformat(timespec='milliseconds')}"}
            for role, text, at in SAID
        ]
        yield scene


@pytest.fixture
def opened(scene: Scene) -> Scene:
    """A scene with a ticket that both sides have."""
    assert scene.tell("ticket.created") == 204
    assert scene.pass_on() == [204]
    return scene


def test_a_ticket_is_opened_there_once_with_what_was_said(scene: Scene) -> None:
    scene.support.transcript.append({"role": "agent", "content": "Hi", "timestamp": "x", "author": "Jo"})
    for _ in range(2):
        assert scene.tell("ticket.created") == 204
        scene.restart()
    (ticket,) = scene.zammad.tickets.values()
    assert (ticket["title"], ticket["group"], ticket["state"]) == ("Wants a person [T-1]", GROUP, "new")
    assert (ticket["priority"], scene.zammad.users[ticket["customer_id"]]) == ("3 high", "ada@example.com")
    said = "Customer: Where is my parcel?\n\nAssistant: I could not find that.\n\nCustomer: A person please"
    text = f"The customer asked for a person.\n\n{said}"
    assert scene.zammad.written(1) == [("Customer", text, False)]


@pytest.mark.parametrize("email", [None, "ada..byron@example.com"])
def test_whose_address_is_unknown_or_refused_is_the_unknown_customer(scene: Scene, email: str | None) -> None:
    scene.support.email = email
    assert scene.tell("ticket.created") == 204
    assert scene.zammad.users[scene.zammad.tickets[1]["customer_id"]] == "nobody@example.com"


def test_what_the_customer_writes_later_comes_there_once(opened: Scene) -> None:
    for _ in range(2):
        assert opened.tell("ticket.message", message_id="m-2", message="Any news?") == 204
        opened.restart()
    assert opened.zammad.written(1)[1:] == [("Customer", "Any news?", False)]
    article = opened.zammad.articles[2]
    assert article["origin_by_id"] == opened.zammad.tickets[1]["customer_id"]


def test_a_ticket_of_before_the_bridge_is_opened_with_all_that_was_said(scene: Scene) -> None:
    at = NOW + timedelta(minutes=1)
    assert scene.tell("ticket.message", at, message_id="m-2", message="A person please") == 204
    ((_, text, _),) = scene.zammad.written(1)
    assert text.count("A person please") == 1


def test_an_agents_reply_and_close_reach_the_customer_once(opened: Scene) -> None:
    opened.zammad.agent_writes(1, "<p>It is <b>on its way</b>.</p>", state="closed")
    assert within(5, lambda: len(opened.zammad.delivered) == 1)
    opened.zammad.delivered *= 2
    assert opened.pass_on() == [204, 204]
    assert opened.support.replies == {"zammad-2": "It is on its way."}
    assert opened.support.status == "closed"
    opened.restart()
    opened.bridge.catch_up(set())
    assert len(opened.support.replies) == 1


def test_a_close_without_a_reply_comes_here_too(opened: Scene) -> None:
    opened.zammad.agent_writes(1, state="closed")
    assert opened.pass_on() == [204]
    assert (opened.support.status, opened.support.replies) == ("closed", {})


def test_what_is_no_reply_of_an_agent_never_reaches_the_customer(opened: Scene) -> None:
    opened.zammad.agent_writes(1, "He is always like this", internal=True)
    opened.zammad.agent_writes(1, "I called him", type="phone")
    opened.zammad.agent_writes(1, "By mail", type="email", sender="Customer")
    opened.zammad.agent_writes(1, state="open")
    assert within(5, lambda: len(opened.zammad.delivered) == 4)
    assert opened.pass_on() == [204] * 4
    opened.bridge.catch_up(set())
    assert (opened.support.replies, opened.support.status) == ({}, "open")


def test_what_came_from_here_does_not_come_back(opened: Scene) -> None:
    opened.tell("ticket.message", message_id="m-2", message="Any news?")
    opened.tell("ticket.replied", reply_id="r-1", author="Jo", message="Soon.")
    opened.tell("ticket.updated", status="closed", changed=["status"])
    assert opened.zammad.written(1)[1:] == [("Customer", "Any news?", False), ("Agent", "Jo: Soon.", False)]
    assert within(5, lambda: len(opened.zammad.delivered) == 3)
    assert opened.pass_on() == [204] * 3
    assert opened.support.replies == {}


def test_what_came_from_there_does_not_come_back(opened: Scene) -> None:
    opened.zammad.agent_writes(1, "On its way")
    opened.pass_on()
    opened.tell("ticket.replied", reply_id="zammad-2", author="Support", message="On its way")
    assert len(opened.zammad.written(1)) == 2


@pytest.mark.parametrize(
    ("told", "state", "priority"),
    [
        ({"status": "closed", "changed": ["status"]}, "closed", "3 high"),
        ({"status": "pending", "changed": ["status"]}, "open", "3 high"),
        ({"priority": "low", "changed": ["priority"]}, "new", "1 low"),
        ({"assignee": "Jo", "changed": ["assignee"]}, "new", "3 high"),
    ],
)
def test_a_change_here_is_one_there(opened: Scene, told: dict[str, Any], state: str, priority: str) -> None:
    assert opened.tell("ticket.updated", **told) == 204
    assert (opened.zammad.tickets[1]["state"], opened.zammad.tickets[1]["priority"]) == (state, priority)


def test_a_reply_that_is_refused_is_told_to_the_agents_once(opened: Scene) -> None:
    opened.support.status = "closed"
    opened.zammad.agent_writes(1, "On its way")
    assert within(5, lambda: len(opened.zammad.delivered) == 1)
    opened.zammad.delivered *= 2
    assert opened.pass_on() == [204, 204]
    text = "The customer has not got this in the chat. This ticket is closed."
    assert opened.zammad.written(1)[2:] == [("Agent", text, True)]


def test_an_outage_on_either_side_loses_nothing(opened: Scene) -> None:
    opened.zammad.is_down = True
    assert opened.tell("ticket.message", message_id="m-2", message="Any news?") == 503
    opened.zammad.is_down = False
    assert opened.tell("ticket.message", message_id="m-2", message="Any news?") == 204
    assert opened.pass_on() == [204]
    opened.support.is_down = True
    opened.zammad.agent_writes(1, "On its way")
    assert opened.pass_on() == [503]
    seen = opened.bridge.catch_up(set())
    assert opened.support.replies == {}
    opened.support.is_down = False
    assert opened.bridge.catch_up(seen)
    assert opened.support.replies == {"zammad-3": "On its way"}


def test_a_ticket_that_was_erased_meanwhile_is_not_opened(scene: Scene) -> None:
    assert scene.tell("ticket.created", ticket_id="T-2") == 204
    assert scene.zammad.tickets == {}


def test_a_ticket_that_was_posted_is_left_to_who_posted_it(scene: Scene) -> None:
    scene.support.reason = None
    assert scene.tell("ticket.created") == 204
    assert scene.tell("ticket.updated", status="closed", changed=["status"]) == 204
    assert scene.zammad.tickets == {}


def test_our_id_in_the_title_of_somebody_elses_ticket_means_nothing(scene: Scene) -> None:
    scene.zammad.customer_writes_by_mail("Please help [T-1]", "Hello")
    assert scene.tell("ticket.created") == 204
    assert scene.tell("ticket.message", message_id="m-2", message="Any news?") == 204
    assert [each["created_by_id"] for each in scene.zammad.tickets.values()] == [AGENT_ID, BRIDGE_ID]
    assert len(scene.zammad.written(1)) == 1
    scene.zammad.agent_writes(1, "For Eve alone")
    scene.pass_on()
    assert scene.support.replies == {}


def test_a_request_that_is_not_signed_is_refused(opened: Scene) -> None:
    opened.zammad.agent_writes(1, "On its way")
    assert within(5, lambda: len(opened.zammad.delivered) == 1)
    ((body, headers),) = opened.zammad.delivered
    for wrong in ({}, {"X-Hub-Signature": ""}, {"X-Hub-Signature": "sha1=é"}):
        assert opened.bring(body, wrong) == 401
    assert opened.bring(body + b" ", headers) == 401
    assert opened.bridge.answer("/from-assistant", {}, b"{}") == 401
    assert opened.bridge.answer("/", headers, body) == 404
    assert opened.support.replies == {}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Hi Ada,<br><br>it is <b>here</b>.", "Hi Ada,\n\nit is here."),
        ("<p>One</p><p>Two &amp; three</p>", "One\n\nTwo & three"),
        ("Do:<ul><li>this</li><li>that</li></ul>", "Do:\n\n- this\n- that"),
        ('See <a href="https://a.example/x">here</a>.', "See here (https://a.example/x)."),
        ('<a href="https://a.example/">https://a.example/</a>', "https://a.example/"),
        ('<a href="javascript:x()">here</a>', "here"),
        ("<style>p {}</style><script>x()</script>Seen", "Seen"),
        ("line\n  breaks   of the source", "line breaks of the source"),
    ],
)
def test_an_article_in_html_is_read_as_its_text(programs: tuple[Any, Any], html: str, text: str) -> None:
    assert programs[1]._text_of({"content_type": "text/html", "body": html}) == text
