"""Who an agent's request comes from: the owner of the token in its Authorization header."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SCHEME = "bearer"


@dataclass(frozen=True)
class AgentTokens:
    """Knows the agents' tokens by their owners; several at once, so that one can be replaced after another.

    `tokens` is called for each check, so that a rotated token is picked up.
    """

    tokens: Callable[[], Mapping[str, str]]

    def owner_of(self, authorization: str | None) -> str | None:
        """Return the name of the token's owner, None where nobody owns it. Raises Unavailable."""
        presented = _token_in(authorization or "")
        if not presented:
            return None
        digest, owner = _digest(presented), None
        # All of them, each by its digest: the time tells neither which one was near nor how long it is.
        for name, token in self.tokens().items():
            if hmac.compare_digest(digest, _digest(token.strip())):
                owner = name
        return owner


def _token_in(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == SCHEME else ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
