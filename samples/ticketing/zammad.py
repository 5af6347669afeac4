"""Carries conversations between the assistant and Zammad: README.md says how to start it.

Uses the REST routes of https://docs.zammad.org/en/latest/api/intro.html and the webhooks of
https://admin-docs.zammad.org/en/latest/manage/webhook.html.
"""

import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

from bridge import Bridge, Refused, Support, Written, call, serve, setting

OUR_TICKET = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9._:-]{0,127})\]$")
PRIORITIES = {"low": "1 low", "medium": "2 normal", "high": "3 high", "urgent": "3 high"}
STATES = {"open": "open", "pending": "open", "closed": "closed"}
"""A pending state of Zammad's needs a time, which the assistant doesn't have."""
SAID_TO_CUSTOMERS = {"note", "web", "chat", "email"}
"""The types of articles that are passed on if they are public: not the note of a phone call."""
MOST_RECENT = 200
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Zammad:
    """Zammad, as a user of its own: what this user wrote is never taken for an agent's."""

    url: str
    token: str
    secret: str
    group: str
    unknown_customer: str
    """The e-mail address of a customer that stands for all whose own is not known."""
    name = "zammad"

    def find(self, ticket_id: str) -> str | None:
        """Return Zammad's id of one of our tickets, None if it is not there yet."""
        found = self._search({"ticket.title": {"operator": "contains", "value": f"[{ticket_id}]"}})
        return next((str(each["id"]) for each in found if self._our_id(each) == ticket_id), None)

    def open(self, ticket: Json, email: str | None, text: str) -> str:
        """Make one of our tickets, with its customer; return Zammad's id."""
        subject = " ".join(ticket["subject"].split())[:100]
        new = {
            "title": f"{subject} [{ticket['ticket_id']}]",
            "group": self.group,
            "state": "closed" if ticket["status"] == "closed" else "new",
            "priority": PRIORITIES[ticket["priority"]],
            "article": _article(subject, text, sender="Customer"),
        }
        if email:
            with suppress(Refused):  # Zammad is stricter about what an address is
                return self._make(new, email)
        return self._make(new, self.unknown_customer)

    def add(self, their_id: str, key: str, text: str, *, by_customer: bool) -> None:
        """Add what the customer, or an agent of ours, said as a public note."""
        author = {"origin_by_id": self._call("GET", f"/tickets/{their_id}")["customer_id"]}
        sender = {"sender": "Customer", **author} if by_customer else {"sender": "Agent"}
        self._add(their_id, _article(key, text, **sender))

    def note(self, their_id: str, key: str, text: str) -> None:
        """Add a note that no customer sees."""
        self._add(their_id, _article(key, text, sender="Agent", internal=True))

    def change(self, their_id: str, changes: Mapping[str, str]) -> None:
        """Set where a ticket stands, how urgent it is, or both."""
        theirs = {"status": ("state", STATES), "priority": ("priority", PRIORITIES)}
        named = ((*theirs[name], value) for name, value in changes.items())
        self._call("PUT", f"/tickets/{their_id}", {name: values[value] for name, values, value in named})

    def read(self, headers: Mapping[str, str], body: bytes) -> Iterable[Written] | None:
        """Return what a webhook tells of one of our tickets, None if Zammad did not sign it."""
        expected = f"sha1={hmac.new(self.secret.encode(), body, 'sha1').hexdigest()}"
        if not hmac.compare_digest(expected.encode(), headers.get("x-hub-signature", "").encode()):
            return None
        told = json.loads(body)
        return self._written(told["ticket"], [told["article"]] if told.get("article") else [])

    def recent(self) -> Iterator[Written]:
        """Return what was written to our tickets that changed within a day."""
        within_a_day = {"operator": "within last (relative)", "value": "1", "range": "day"}
        for ticket in self._search({"ticket.updated_at": within_a_day}):
            if self._our_id(ticket):
                yield from self._written(ticket, self._articles(ticket["id"]))

    def _written(self, ticket: Json, articles: Iterable[Json]) -> Iterator[Written]:
        ticket_id = self._our_id(ticket)
        if ticket_id:
            replies = tuple((str(each["id"]), _text_of(each)) for each in articles if self._is_reply(each))
            yield Written(ticket_id, str(ticket["id"]), replies, ticket["state"] == "closed")

    def _is_reply(self, article: Json) -> bool:
        is_public = not article["internal"] and article["type"] in SAID_TO_CUSTOMERS
        return is_public and article["sender"] == "Agent" and article["created_by_id"] != self._own_id

    def _our_id(self, ticket: Json) -> str | None:
        """Return our id of a ticket that we made there; in the title of another's it means nothing."""
        found = OUR_TICKET.search(ticket["title"])
        return found[1] if found and ticket["created_by_id"] == self._own_id else None

    @cached_property
    def _own_id(self) -> int:
        return int(self._call("GET", "/users/me")["id"])

    def _make(self, new: Json, email: str) -> str:
        return str(self._call("POST", "/tickets", {**new, "customer_id": f"guess:{email}"})["id"])

    def _search(self, condition: Json) -> list[Json]:
        path = f"/tickets/search?expand=true&per_page={MOST_RECENT}&sort_by=updated_at&order_by=desc"
        found: list[Json] = self._call("POST", path, {"condition": condition})
        return found

    def _articles(self, their_id: object) -> list[Json]:
        found: list[Json] = self._call("GET", f"/ticket_articles/by_ticket/{their_id}")
        return found

    def _add(self, their_id: str, article: Json) -> None:
        """Add an article, unless there is one of its subject that we wrote."""
        there = self._articles(their_id)
        keys = {each.get("subject") for each in there if each["created_by_id"] == self._own_id}
        if article["subject"] not in keys:
            self._call("POST", "/ticket_articles", {**article, "ticket_id": int(their_id)})

    def _call(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self.url.rstrip('/')}/api/v1{path}"
        status, answer = call(method, url, {"Authorization": f"Token token={self.token}"}, body)
        if status >= 400:
            # Without Zammad's own words, which may repeat what somebody wrote.
            raise Refused(f"Zammad answered {method} {path.partition('?')[0]} with {status}")
        return answer


def _article(subject: str, text: str, **more: object) -> Json:
    plain = {"subject": subject, "body": text, "content_type": "text/plain"}
    return {**plain, "type": "note", "internal": False, **more}


def _text_of(article: Json) -> str:
    if "html" not in article["content_type"]:
        return str(article["body"]).strip()
    reader = _HtmlReader()
    reader.feed(article["body"])
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _HtmlReader(HTMLParser):
    """Gathers the text of an article, as far as a customer would see it."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        if tag in ("br", "p", "div", "tr", "li", "ul", "ol", "blockquote", "h1", "h2", "h3"):
            self.parts.append("\n- " if tag == "li" else "\n")
        if tag == "a":
            self._link = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0
        if tag == "p":
            self.parts.append("\n")
        is_shown = self.parts[-1:] == [self._link]
        if tag == "a" and self._link.startswith(("https:", "http:")) and not is_shown:
            self.parts.append(f" ({self._link})")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def main() -> None:
    """Serve, with the settings of the environment."""
    names = ("URL", "TOKEN", "WEBHOOK_SECRET", "GROUP", "UNKNOWN_CUSTOMER")
    zammad = Zammad(*(setting(f"ZAMMAD_{name}") for name in names))
    support = Support(setting("SUPPORT_URL"), setting("SUPPORT_TOKEN"))
    serve(Bridge(support, setting("SUPPORT_WEBHOOK_SECRET"), zammad), int(setting("PORT", "9100")))


if __name__ == "__main__":
    main()
