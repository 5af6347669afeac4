"""Where the sources of an answer can be read in full."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from chalicelib.domain.conversation import Citation, Exchange, Passage
from chalicelib.domain.protocols import LinkSigner
from chalicelib.errors import Unavailable

S = TypeVar("S", Citation, Passage)
Note = Callable[[str, Unavailable], None]
"""Is told what an answer goes without, and why."""


@dataclass(frozen=True)
class SourceLinks:
    """Gives each source the address that a browser can follow.

    That is where the team publishes it, or for a while the document in the bucket. Links to the bucket
    expire, so they are made for each answer, all of them or none, and never stored.
    """

    signer: LinkSigner

    def linked(self, sources: Sequence[S], note: Note) -> tuple[S, ...]:
        """Return sources with their links; where none can be made, as they were, and `links` is noted."""
        try:
            return tuple(map(self._link, sources))
        except Unavailable as error:
            note("links", error)
            return tuple(sources)

    def linked_exchanges(self, exchanges: Sequence[Exchange], note: Note) -> tuple[Exchange, ...]:
        """Return exchanges with the links of their citations, or as they were, as above."""
        try:
            return tuple(replace(e, citations=tuple(map(self._link, e.citations))) for e in exchanges)
        except Unavailable as error:
            note("links", error)
            return tuple(exchanges)

    def _link(self, source: S) -> S:
        if source.url or not source.document:
            return source
        return replace(source, url=self.signer.link(source.document))
