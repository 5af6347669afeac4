"""Where the sources of an answer lead to."""

import pytest

from chalicelib.chat.source_links import SourceLinks
from chalicelib.domain.access import NOBODY_KNOWN
from chalicelib.domain.conversation import Citation, Passage
from chalicelib.errors import Unavailable
from tests.builders import exchange_at
from tests.fakes import START, FakeLinks

PUBLISHED = "https://help.example.com/a"
SIGNED = "https://bucket.example.com/a.md?signed"


class Notes(list[str]):
    """Remembers what was noted."""

    def __call__(self, name: str, error: Unavailable) -> None:
        self.append(f"{name} without {error.dependency}")


def passage(url: str | None, document: str | None = "a.md") -> Passage:
    return Passage("Text.", "Title", url, 0.5, document)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (passage(PUBLISHED), PUBLISHED),
        (passage(None), SIGNED),
        (passage(None, document=None), None),
        (passage(None, document=""), None),
    ],
    ids=["published", "in the bucket", "nowhere", "nameless"],
)
def test_a_source_leads_to_where_it_is_published_else_to_the_bucket(source: Passage, url: str | None) -> None:
    assert [linked.url for linked in SourceLinks(FakeLinks()).linked([source], NOBODY_KNOWN, Notes())] == [
        url
    ]


def test_a_citation_is_linked_as_its_passage_is() -> None:
    exchange = exchange_at(START, citations=(Citation(1, "Title", None, "Text.", 0.5, document="a.md"),))
    (linked,) = SourceLinks(FakeLinks()).linked_exchanges([exchange], NOBODY_KNOWN, Notes())
    assert [citation.url for citation in linked.citations] == [SIGNED]


def test_what_cannot_be_linked_is_noted_once_and_the_rest_is_linked() -> None:
    links, notes = FakeLinks(), Notes()
    links.down = Unavailable("links")
    linked = SourceLinks(links).linked(
        [passage(PUBLISHED), passage(None), passage(None)], NOBODY_KNOWN, notes
    )
    assert [source.url for source in linked] == [PUBLISHED, None, None]
    assert notes == ["links without links"]
