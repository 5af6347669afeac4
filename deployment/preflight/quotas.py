"""Looks at what a new stack would run into after minutes: quotas, and names that are taken."""

from collections.abc import Iterator

from deployment.work import Work
from tooling.aws_errors import passing_over
from tooling.errors import CommandError

VPCS_PER_REGION = ("vpc", "L-F678F1CE")
FEWEST_CONCURRENT = 50
"""New accounts may run ten functions at once, of all stages together: a chat uses one for seconds."""
CANNOT_LOOK = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def check_vpcs(work: Work) -> None:
    """Check that there may be one VPC more. Raises CommandError, ClientError."""
    with passing_over(*CANNOT_LOOK):
        vpcs = len(work.account.client("ec2").describe_vpcs()["Vpcs"])
        service, code = VPCS_PER_REGION
        quotas = work.account.client("service-quotas")
        most = int(quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])
        if vpcs >= most:
            raise CommandError(
                f"The account has {vpcs} VPCs in {work.account.region}, of {most}: delete one, or ask "
                f"for more (Service Quotas console, VPC, {code})."
            )


def check_concurrency(work: Work) -> None:
    """Note when few functions may run at once. Raises ClientError."""
    with passing_over(*CANNOT_LOOK):
        limit = work.account.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
        if limit < FEWEST_CONCURRENT:
            work.terminal.step(
                "Quotas",
                f"note: only {limit} functions may run at once (Service Quotas, Lambda): ask for more",
            )


def check_names(work: Work) -> None:
    """Check that what the stack names is not there already. Raises CommandError, ClientError.

    Tables and the bucket may be: the stack takes them over.
    """
    taken = list(_taken(work))
    if taken:
        raise CommandError(
            f"There is no stack {work.name}, but there is already {', '.join(taken)}: "
            "delete it, or choose another stage's name."
        )
    work.terminal.step("Names", "are free")


def _taken(work: Work) -> Iterator[str]:
    with passing_over(*CANNOT_LOOK):
        guardrails = work.account.client("bedrock").get_paginator("list_guardrails").paginate()
        if any(each["name"] == work.name for page in guardrails for each in page["guardrails"]):
            yield f"the guardrail {work.name}"
    with passing_over(*CANNOT_LOOK):
        bases = work.account.client("bedrock-agent").get_paginator("list_knowledge_bases").paginate()
        names = [each["name"] for page in bases for each in page["knowledgeBaseSummaries"]]
        yield from (f"the knowledge base {name}" for name in names if name.startswith(f"{work.name}-"))
    secrets = work.account.client("secretsmanager")
    for name in work.template().secret_names(work.stage):
        with passing_over("ResourceNotFoundException", *CANNOT_LOOK):
            secrets.describe_secret(SecretId=name)
            yield f"the secret {name}"
