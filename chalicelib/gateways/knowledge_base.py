"""The passages of the team's documents that may hold an answer, by a Bedrock knowledge base."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.answers import finite, require
from chalicelib.domain.conversation import Passage
from chalicelib.gateways.aws import calling

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agent_runtime import AgentsforBedrockRuntimeClient


@dataclass(frozen=True)
class KnowledgeBase:
    """Looks passages up; their titles and addresses come from the documents' sidecars."""

    client: "AgentsforBedrockRuntimeClient"
    knowledge_base_id: str
    documents_bucket: str

    def retrieve(self, query: str, limit: int) -> tuple[Passage, ...]:
        """Return at most `limit` passages for a query of at most 1,000 characters, nearest first.

        Raises Unavailable.
        """
        with calling("knowledge_base"):
            answer = self.client.retrieve(
                knowledgeBaseId=self.knowledge_base_id,
                retrievalQuery={"text": query},
                retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": limit}},
            )
            return tuple(map(self._passage, require(answer["retrievalResults"], list)))

    def _passage(self, result: Any) -> Passage:
        metadata = result.get("metadata", {})
        uri = result.get("location", {}).get("s3Location", {}).get("uri", "")
        return Passage(
            text=require(result["content"].get("text", ""), str),
            title=str(metadata.get("title") or _title_from(uri)),
            url=_web_address(metadata.get("source_url")),
            score=round(finite(result.get("score", 0.0)), 4),
            document=self._key_of(uri),
        )

    def _key_of(self, uri: str) -> str | None:
        """Return the key of a document in our bucket; None for what lies elsewhere, where we may not read."""
        ours = f"s3://{self.documents_bucket}/"
        # Cut and not parsed: a key may hold `?` and `#`, which an address would not count to its path.
        return uri.removeprefix(ours) or None if uri.startswith(ours) else None


def _title_from(uri: str) -> str:
    """Make a title of a document's name: `s3://b/reset-password.md` is "Reset password"."""
    words = PurePosixPath(uri).stem.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else "Untitled document"


def _web_address(value: object) -> str | None:
    """Keep only what a browser may safely follow: a sidecar is content, not code."""
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.netloc else None
