"""Where the sources of an answer can be read in full."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from chalicelib.domain.access import Reader
from chalicelib.domain.conversation import Citation, Exchange, Nearest, Passage
from chalicelib.domain.protocols import LinkSigner
from chalicelib.errors import Unavailable

S = TypeVar("S", Citation, Passage, Nearest)
Note = Callable[[str, Unavailable], None]
"""Is told what an answer goes without, and why."""


@dataclass(frozen=True)
class SourceLinks:
    """Gives each source the address that a browser can follow, where its reader may read the document.

    That is where the team publishes it, or for a while the document in the bucket. Links to the bucket
    expire, so they are made for each answer, all of them or none, and never stored.
    """

    signer: LinkSigner

    def linked(self, sources: Sequence[S], reader: Reader, note: Note) -> tuple[S, ...]:
        """Return sources with their links; where none can be made, as they were, and `links` is noted."""
        open_to_reader = [_without_closed(source, reader) for source in sources]
        try:
            return tuple(map(self._link, open_to_reader))
        except Unavailable as error:
            note("links", error)
            return tuple(open_to_reader)

    def linked_exchanges(
        self, exchanges: Sequence[Exchange], reader: Reader, note: Note
    ) -> tuple[Exchange, ...]:
        """Return exchanges with the links of their citations, as above."""
        citations = iter(self.linked([c for e in exchanges for c in e.citations], reader, note))
        return tuple(replace(e, citations=tuple(islice(citations, len(e.citations)))) for e in exchanges)

    def _link(self, source: S) -> S:
        if source.url or not source.document:
            return source
        return replace(source, url=self.signer.link(source.document))


def has_restricted(exchanges: Sequence[Exchange]) -> bool:
    """Tell whether anything was answered from a document that is not everybody's."""
    return any(citation.access is not None for e in exchanges for citation in e.citations)


def _without_closed(source: S, reader: Reader) -> S:
    """Return a source without its addresses if its document is not for this reader."""
    return source if reader.may_read(source.access) else replace(source, url=None, document=None)
