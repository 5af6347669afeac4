"""The log groups of a stage: how long they keep what was written, and their end."""

from deployment.arns import deployed_name
from deployment.work import DONE, Work
from tooling.aws_errors import passing_over
from tooling.stages import deployable_stage, read_config

DEFAULT_RETENTION_DAYS = 14


def retention_days(work: Work) -> int:
    """Return how long the stage keeps its logs."""
    stage = deployable_stage(read_config(work.root), work.stage)
    return int(stage.get("log_retention_in_days", DEFAULT_RETENTION_DAYS))


def function_log_group(stage: str, function: str) -> str:
    """Return the name of the log group that Lambda gives a function, by Chalice's name of that."""
    return f"/aws/lambda/{deployed_name(stage, function)}"


def gateway_log_group(work: Work) -> str:
    """Return the name of the log group of the API's requests."""
    return f"/aws/apigateway/{work.name}"


def limit_logs(work: Work) -> str:
    """Let each function's log end, before it has written anything; return what was done.

    Chalice does so too, but with the API's function under a name that Lambda never writes to.
    """
    functions = deployable_stage(read_config(work.root), work.stage)["lambda_functions"]
    for function in functions:
        make_log_group(work, function_log_group(work.stage, function))
    return f"each function's is kept for {retention_days(work)} days"


def make_log_group(work: Work, name: str) -> None:
    """Make sure of a log group that keeps what is written for as long as the stage says."""
    logs = work.account.client("logs")
    with passing_over("ResourceAlreadyExistsException"):
        logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=retention_days(work))


def delete_logs(work: Work) -> str:
    """Delete the log groups; return what was done."""
    logs = work.account.client("logs")
    stems = (f"/aws/lambda/{work.name}", gateway_log_group(work))
    found = [name for stem in stems for name in _groups(work, stem)]
    for name in found:
        logs.delete_log_group(logGroupName=name)
    return f"{len(found)} log groups deleted" if found else DONE


def _groups(work: Work, stem: str) -> list[str]:
    """Return the log groups of the stage; a name that only starts the same is another stage's."""
    logs = work.account.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=stem)
    names = [str(group["logGroupName"]) for page in pages for group in page["logGroups"]]
    return [name for name in names if name == stem or name.startswith(f"{stem}-")]
