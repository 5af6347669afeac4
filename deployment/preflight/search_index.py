"""Makes the index in OpenSearch before the knowledge base that reads it, in a change of its own.

CloudFormation says that an index is there before it can be used, and so that its access policy is known: a
knowledge base that is made at once is refused, and undoing that would take the collection away again.
"""

from collections.abc import Mapping

from deployment.account import deployer_arn
from deployment.preflight.quotas import CANNOT_LOOK
from deployment.stack import Outcome, Stack, StackView
from deployment.work import Work
from tooling.aws_errors import passing_over
from tooling.errors import CommandError

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


def require_may_delete_index(work: Work, stack: Stack, view: StackView) -> None:
    """Refuse to delete an index that lets only others do so: it is deleted in the deployer's name.

    Raises CommandError, ClientError.
    """
    if INDEX not in stack.resources():
        return
    with passing_over(*CANNOT_LOOK):
        owner, deployer = view.parameters.get("DeployerArn"), deployer_arn(work.account)
        if deployer != owner:
            raise CommandError(
                f"Only {owner} may delete the index in OpenSearch. Use its credentials, or let others do it "
                f"first: `{work.command('infra')} --parameter DeployerArn={deployer or '<a user or role>'}`."
            )


def is_not_ready(outcome: Outcome) -> bool:
    """Say whether a change failed only because the index can't be used yet."""
    return any(words in (outcome.failure or "").lower() for words in NOT_READY)
