"""How a route is described: what it takes, what it answers, how it fails."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from chalicelib.errors import SupportError

JSON = "application/json"
HTML = "text/html"
SCRIPT = "text/javascript"
SERVICE, CUSTOMERS, AGENTS = "service", "customers", "agents"
TAGS = {
    SERVICE: "For anyone.",
    CUSTOMERS: "For the customers' side: a chat page or an app.",
    AGENTS: "For the ticketing system and whoever looks after the content, with an agent's token.",
}


@dataclass(frozen=True)
class Link:
    """Another route that goes on from an answer, with those of its parameters that the answer holds."""

    name: str
    parameters: tuple[str, ...]
    body: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a route answers when all goes well; `kind` is the type of its JSON, None where there is none."""

    description: str
    kind: type | None = None
    example: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    media_type: str = JSON
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One route. What any route may answer is added: a failure, for input a 400, for agents' routes a 401.

    `name` is what client generators call it, `errors` are those beyond the common ones, `examples` are bodies
    by what they show.
    """

    tag: str
    method: str
    path: str
    name: str
    summary: str
    description: str
    answer: Answer
    errors: tuple[type[SupportError], ...] = ()
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    is_body_optional: bool = False
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    takes_proof: bool = False
    has_etag: bool = False

    @property
    def is_for_agents(self) -> bool:
        """Whether it wants an agent's token."""
        return self.tag == AGENTS

    @property
    def in_path(self) -> list[str]:
        """The names of the parts of its path that are filled in."""
        return re.findall(r"{(\w+)}", self.path)
