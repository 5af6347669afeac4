"""Checks of what a deployment made: the stack, the functions, what calls them, and their logs."""

from collections.abc import Callable, Iterable

from botocore.exceptions import ClientError

from chalicelib.gateways.converse import own_id
from cli.doctor.stage import Problem, Stage
from deployment.arns import APP
from tooling.aws_errors import code_of

SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
ENDED_LIFE = "LEGACY"


def credentials(stage: Stage) -> str:
    """AWS knows who we are."""
    return str(stage.client("sts").get_caller_identity()["Arn"])


def stack(stage: Stage) -> str:
    """The stack has settled."""
    name = f"{APP}-{stage.name}"
    try:
        status = stage.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if code_of(error) != "ValidationError":
            raise
        raise Problem(f"there is no stack {name}", f"Run `python3 dev.py infra {stage.name}`.") from None
    if status not in SETTLED:
        raise Problem(f"{name} is {status}", f"Run `python3 dev.py infra {stage.name}`: it says what to do.")
    return f"{name} is {status}"


def functions(stage: Stage) -> str:
    """Each function is there and ready."""
    names = _functions(stage)
    for name in names:
        try:
            found = stage.client("lambda").get_function_configuration(FunctionName=name)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise Problem(f"there is no function {name}", stage.redeploy) from None
        if found.get("State", "Active") != "Active" or found.get("LastUpdateStatus") == "Failed":
            reason = found.get("StateReason") or found.get("LastUpdateStatusReason", "")
            raise Problem(f"{name} is not ready: {reason}", stage.redeploy)
    return f"{len(names)} functions are ready"


def log_retention(stage: Stage) -> str:
    """Logs are kept as long as the stage says."""
    wanted = stage.configuration["log_retention_in_days"]
    for name in _functions(stage):
        group = f"/aws/lambda/{name}"
        found = stage.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        days = [each.get("retentionInDays") for each in found if each["logGroupName"] == group]
        if days and days != [wanted]:
            raise Problem(f"{group} keeps logs {days[0] or 'for ever'}, not {wanted} days", stage.redeploy)
    return f"{wanted} days"


def schedule(stage: Stage) -> str:
    """The sweep is called each minute."""
    function = f"{APP}-{stage.name}-sweep"
    rules = stage.client("events").list_rules(NamePrefix=f"{APP}-{stage.name}")["Rules"]
    of_sweep = [each for each in rules if each["Name"].startswith(function)]
    if not of_sweep:
        raise Problem("nothing calls the sweep, so no sync is started", stage.redeploy)
    if of_sweep[0]["State"] != "ENABLED":
        raise Problem(
            f"the rule {of_sweep[0]['Name']} is switched off",
            f"aws events enable-rule --name {of_sweep[0]['Name']}",
        )
    return "the sweep is called"


def event_sources(stage: Stage) -> str:
    """What streams and queues hold reaches its function."""
    mappings = [
        each
        for name in _functions(stage)
        for each in stage.client("lambda").list_event_source_mappings(FunctionName=name)[
            "EventSourceMappings"
        ]
    ]
    if not mappings:
        raise Problem("no function reads the events' stream, so nobody hears of events", stage.redeploy)
    for each in mappings:
        if each["State"] not in {"Enabled", "Enabling", "Creating", "Updating"}:
            raise Problem(
                f"{each['EventSourceArn'].rpartition(':')[2]} is {each['State'].lower()}",
                f"aws lambda update-event-source-mapping --uuid {each['UUID']} --enabled",
            )
    return f"{len(mappings)} are read"


def models(stage: Stage) -> str:
    """No model of the stage nears its end."""
    client = stage.client("bedrock")
    for model_id in stage.variables["BEDROCK_MODEL_IDS"].split(","):
        bare = own_id(model_id.strip())
        try:
            found = client.get_foundation_model(modelIdentifier=bare)["modelDetails"]
        except ClientError as error:
            if code_of(error) not in {"ResourceNotFoundException", "ValidationException"}:
                raise
            raise Problem(f"{bare} is not known in this Region", "Correct BEDROCK_MODEL_IDS.") from None
        if found.get("modelLifecycle", {}).get("status") == ENDED_LIFE:
            raise Problem(f"{bare} comes to its end", "Put a newer model first in BEDROCK_MODEL_IDS.")
    return stage.variables["BEDROCK_MODEL_IDS"].replace(",", ", ")


def _functions(stage: Stage) -> list[str]:
    names = stage.configuration["lambda_functions"]
    stem = f"{APP}-{stage.name}"
    return [stem if name == "api_handler" else f"{stem}-{name}" for name in names]


CHECKS: Iterable[Callable[[Stage], str]] = (
    credentials,
    stack,
    functions,
    log_retention,
    schedule,
    event_sources,
    models,
)
