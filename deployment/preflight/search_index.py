"""Makes the index in OpenSearch before the knowledge base that reads it, in a change of its own.

CloudFormation says that an index is there before it can be used, and so that its access policy is known: a
knowledge base that is made at once is refused, and undoing that would take the collection away again.
"""

from collections.abc import Mapping

from deployment.stack import Outcome, Stack, StackView

OPENSEARCH = "OPENSEARCH_SERVERLESS"
DEFAULT_STORE = "S3_VECTORS"
INDEX = "SearchIndex"
"""Its name in the template."""
PREPARE = "PrepareSearch"
NOT_READY = ("no such index", "storage configuration provided is invalid")
"""What Bedrock says of an index that it can't use yet."""
PAUSE_SECONDS, ATTEMPTS = 60, 5


def phases(
    parameters: Mapping[str, str], store: str | None, view: StackView | None, stack: Stack
) -> list[dict[str, str]]:
    """Return the parameters of the changes that have to follow each other; mostly it is one."""
    was_prepared = view is not None and view.parameters.get(PREPARE) == "true"
    last = {**parameters, **({PREPARE: "false"} if was_prepared else {})}
    if store != OPENSEARCH or (view is not None and INDEX in stack.resources()):
        return [last]
    before = (view.parameters.get("VectorStore") if view else None) or DEFAULT_STORE
    return [
        {**last, "VectorStore": before, PREPARE: "true"},
        {**last, "VectorStore": OPENSEARCH, PREPARE: "false"},
    ]


def is_not_ready(outcome: Outcome) -> bool:
    """Say whether a change failed only because the index can't be used yet."""
    return any(words in (outcome.failure or "").lower() for words in NOT_READY)
