"""Which web pages may use the API from a browser (CORS): each request's origin is looked up in a list.

Not by Chalice's `cors=`: that is one fixed origin for a route, and on AWS its OPTIONS never gets to the app.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalice import Chalice, Response

from chalicelib.errors import InvalidSettings

ANY = "*"
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<name>(?:[a-z0-9-]+\.)*[a-z0-9-]+)(?::(?P<port>[0-9]+))?")
PREFLIGHT = "OPTIONS"
PROOF_HEADERS = ("X-Customer-Id", "X-Customer-Hash", "X-Customer-Hash-Expires")
PREFLIGHT_SECONDS = 7200
"""How long a browser need not ask again; none remembers longer."""
ALLOWED_HEADERS = (
    *("Content-Type", "Authorization", "X-Correlation-Id", *PROOF_HEADERS),
    # What Chalice allows besides: pages that were written for another of its APIs may send them.
    *("X-Amz-Date", "X-Amz-Security-Token", "X-Api-Key"),
)
EXPOSED_HEADERS = ("X-Correlation-Id", "Retry-After")


@dataclass(frozen=True)
class Origins:
    """The origins whose pages may use the public and the agents' routes; `*` stands for any."""

    public: tuple[str, ...]
    agents: tuple[str, ...]
    widgets: tuple[str, ...] = ()
    """Hosts of sites with the widget, as a policy names them; their pages may use the public routes, too."""


@dataclass(frozen=True)
class Cors:
    """Says to browsers which pages may read an answer, and what they may send."""

    app: Chalice
    origins: Callable[[], Origins]

    def headers(self, request: Any) -> dict[str, str]:
        """Return what the answer to a request needs."""
        path = request.context["resourcePath"]
        origin = request.headers.get("origin")
        headers = allowing(self._allowed(path, origin), origin)
        if request.method == PREFLIGHT and "Access-Control-Allow-Origin" in headers:
            headers["Access-Control-Allow-Methods"] = ",".join(sorted(self.app.routes[path]))
            headers["Access-Control-Allow-Headers"] = ",".join(ALLOWED_HEADERS)
            headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return headers

    def _allowed(self, path: str, origin: str | None) -> tuple[str, ...]:
        try:
            origins = self.origins()
        except InvalidSettings:
            # What needs the settings has failed and logged it; the rest is for pages of our own.
            return ()
        is_for_agents = any(entry.authorizer for entry in self.app.routes[path].values())
        if is_for_agents:
            return origins.agents
        if origin and any(covers(host, origin) for host in origins.widgets):
            return (*origins.public, origin)
        return origins.public


def allowing(allowed: tuple[str, ...], origin: str | None) -> dict[str, str]:
    """Return what lets a page of an origin read an answer, if it is among the allowed ones."""
    headers = {} if ANY in allowed or not allowed else {"Vary": "Origin"}
    granted = ANY if ANY in allowed else origin if origin in allowed else None
    if granted:
        headers["Access-Control-Allow-Origin"] = granted
        headers["Access-Control-Expose-Headers"] = ",".join(EXPOSED_HEADERS)
    return headers


def covers(host: str, origin: str) -> bool:
    """Say whether a policy that names the host (`*.example.com`, `http://localhost:8001`) takes an origin."""
    if host == ANY:
        return True
    scheme, _, address = host.rpartition("://")
    name, _, port = address.partition(":")
    found = _ORIGIN.fullmatch(origin)
    if not found or (scheme and scheme != found["scheme"]) or port not in (found["port"] or "", ANY):
        return False
    return found["name"].endswith(name[1:]) if name.startswith("*.") else found["name"] == name


def answer_preflights(app: Chalice) -> None:
    """Give each route of the app the method OPTIONS; goes below all routes."""
    for path in tuple(app.routes):
        app.route(path, methods=[PREFLIGHT])(_preflight)


def _preflight(**_path: str) -> Response:
    """Answer nothing: the headers are what a browser asks for."""
    return Response("")
