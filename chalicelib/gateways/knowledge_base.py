"""The passages of the team's documents that may hold an answer, by a Bedrock knowledge base."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.answers import finite, require
from chalicelib.domain.access import ATTRIBUTE, GROUPS, Access, Reader, access_of
from chalicelib.domain.conversation import Passage
from chalicelib.errors import InvalidAccess
from chalicelib.gateways.aws import calling

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agent_runtime import AgentsforBedrockRuntimeClient
    from mypy_boto3_bedrock_agent_runtime.type_defs import (
        KnowledgeBaseVectorSearchConfigurationTypeDef,
        RetrievalFilterTypeDef,
    )

    from chalicelib.logs import SearchLogger

COMMON_NAMES = frozenset({"index", "main", "overview", "readme"})
MAIN_HEADING = re.compile(r"\A(?:(?![#`~]).*\n){0,6}#[ \t]+(\S.*)")
"""A heading of the first level, with at most a few lines above it, such as a logo."""


@dataclass(frozen=True)
class KnowledgeBase:
    """Looks passages up; titles and addresses come from the documents' sidecars, else from what they are."""

    client: "AgentsforBedrockRuntimeClient"
    knowledge_base_id: str
    documents_bucket: str
    is_hybrid: bool
    log: "SearchLogger"

    def retrieve(self, query: str, limit: int, reader: Reader) -> tuple[Passage, ...]:
        """Return at most `limit` passages for a query of at most 1,000 characters, nearest first.

        All are of documents that the reader may read. Raises Unavailable.
        """
        search: KnowledgeBaseVectorSearchConfigurationTypeDef
        search = {"numberOfResults": limit, "filter": readable_by(reader)}
        if self.is_hybrid:
            search["overrideSearchType"] = "HYBRID"
        with calling("knowledge_base"):
            answer = self.client.retrieve(
                knowledgeBaseId=self.knowledge_base_id,
                retrievalQuery={"text": query},
                retrievalConfiguration={"vectorSearchConfiguration": search},
            )
            found = [(each, self._access(each)) for each in require(answer["retrievalResults"], list)]
            # The filter keeps places for what may be read. What it let through is decided here, since vector
            # stores differ in how they compare, and no filter knows a wrong `access` from a right one.
            readable = [(result, access) for result, access in found if reader.may_read(access)]
            titles = _titles([result for result, _ in readable])
            return tuple(self._passage(result, titles[_uri(result)], access) for result, access in readable)

    def _access(self, result: Any) -> Access:
        try:
            return access_of(require(result.get("metadata", {}), dict))
        except InvalidAccess:
            self.log.access_unclear(_uri(result))
            return ()

    def _passage(self, result: Any, title: str, access: Access) -> Passage:
        metadata = result.get("metadata", {})
        uri = _uri(result)
        return Passage(
            text=_text(result),
            title=_named(metadata.get("title")) or title,
            url=_web_address(metadata.get("source_url")),
            score=round(finite(result.get("score", 0.0)), 4),
            document=self._key_of(uri),
            access=access,
        )

    def _key_of(self, uri: str) -> str | None:
        """Return the key of a document in our bucket; None for what lies elsewhere, where we may not read."""
        ours = f"s3://{self.documents_bucket}/"
        # Cut and not parsed: a key may hold `?` and `#`, which an address would not count to its path.
        return uri.removeprefix(ours) or None if uri.startswith(ours) else None


def readable_by(reader: Reader) -> "RetrievalFilterTypeDef":
    """Return the filter of Retrieve that keeps what a reader may read.

    A document without `access` is everybody's, and of all operators only `notEquals` is documented to match
    where the attribute is missing. A group of filters has five members at most and may hold groups, but no
    deeper ones.
    """
    for_everybody: RetrievalFilterTypeDef = {
        "andAll": [{"notEquals": {"key": ATTRIBUTE, "value": group}} for group in GROUPS]
    }
    if not reader.groups:
        return for_everybody
    return {
        "orAll": [
            for_everybody,
            *({"listContains": {"key": ATTRIBUTE, "value": group}} for group in sorted(reader.groups)),
        ]
    }


def _uri(result: Any) -> str:
    return require(result.get("location", {}).get("s3Location", {}).get("uri", ""), str)


def _text(result: Any) -> str:
    return require(result["content"].get("text", ""), str)


def _titles(results: list[Any]) -> dict[str, str]:
    """Return what each document is called without a sidecar; two of one name are told by their folders."""
    # What a document is called is at its beginning, which may be in another passage.
    headings = {_uri(result): heading for result in results[::-1] if (heading := _heading(_text(result)))}
    titles = {uri: headings.get(uri) or _title_from(uri) for uri in map(_uri, results)}
    often = {title for title, count in Counter(titles.values()).items() if count > 1}
    return {uri: _in_folder(title, uri) if title in often else title for uri, title in titles.items()}


def _named(title: object) -> str:
    """Return the title that a sidecar gives; of a list, its first entry."""
    first = title[0] if isinstance(title, list) and title else title
    is_text = isinstance(first, str | int | float) and not isinstance(first, bool)
    return " ".join(str(first).split()) if is_text else ""


def _heading(text: str) -> str | None:
    """Return the heading of a whole document that a passage begins with."""
    found = MAIN_HEADING.match(text)
    return found[1].rstrip() if found else None


def _title_from(uri: str) -> str:
    """Make a title of a document's name: `s3://b/reset-password.md` is "Reset password".

    A name that many folders have is shown with its folder: `s3://b/setup/README.md` is "Setup – README".
    """
    path = PurePosixPath(uri.removeprefix("s3://"))
    title = _words(path.stem)
    return (_in_folder(title, uri) if path.stem.lower() in COMMON_NAMES else title) or "Untitled document"


def _in_folder(title: str, uri: str) -> str:
    """Return a title with the folder that a document is in, if it is in one."""
    folders = [folder.name for folder in PurePosixPath(uri.removeprefix("s3://")).parents[:-2]]
    return " – ".join(filter(None, [*map(_words, folders[:1]), title]))


def _words(name: str) -> str:
    words = name.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _web_address(value: object) -> str | None:
    """Keep only what a browser may safely follow: a sidecar is content, not code.

    No control, invisible or blank character and no backslash, which browsers drop or read as another; and no
    user name, which shows one host and leads to another.
    """
    if not isinstance(value, str) or any(not c.isprintable() or c in " \\" for c in value):
        return None
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return value if is_web and "@" not in parts.netloc else None
