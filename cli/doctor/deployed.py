"""Checks of what a deployment made: the stack, the functions, what calls them, and their logs."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from email.utils import parseaddr
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.gateways.converse import own_id
from cli.doctor.stage import Problem, Stage
from deployment.arns import APP, deployed_name
from tooling.aws_errors import code_of
from tooling.template import Template

SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
ENDED_LIFE = "LEGACY"
DEFINITION = re.compile(r"Definition [0-9a-f]{8}")
"""What a guardrail's version is taken of, in the template."""
MODEL_ACCESS = "Bedrock console, Model catalog: agree to the model's offer; docs/deployment.md says more."


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
    function = deployed_name(stage.name, "sweep")
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
    mappings: list[Any] = []
    for name in (deployed_name(stage.name, handler) for handler in ("count", "deliver", "intake")):
        found = stage.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        if not found:
            raise Problem(f"nothing calls {name}", stage.redeploy)
        mappings += found
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
        if lacking := _lacking(client.get_foundation_model_availability(modelId=bare)):
            raise Problem(f"{bare} may not be called: {lacking}", MODEL_ACCESS)
    return stage.variables["BEDROCK_MODEL_IDS"].replace(",", ", ")


def guardrail_version(stage: Stage) -> str:
    """The guardrail is the one of this checkout's template, and the functions use it."""
    client, name = stage.client("cloudformation"), f"{APP}-{stage.name}"
    made = str(client.get_template(StackName=name)["TemplateBody"])
    if not set(DEFINITION.findall(made)) >= set(DEFINITION.findall(Template().text)):
        raise Problem("the stack's guardrail is another than the template's here", stage.rebuild)
    outputs = client.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", ())
    wanted = next((each["OutputValue"] for each in outputs if each["OutputKey"] == "GuardrailVersion"), "")
    used = stage.variables.get("GUARDRAIL_VERSION", "")
    if used != wanted:
        raise Problem(f"version {used} is used, and the stack has {wanted}", stage.redeploy)
    return f"version {used} is that of the template"


def rights(stage: Stage) -> str:
    """Each function may do what its policy here says."""
    names = stage.configuration["lambda_functions"]
    for name, options in names.items():
        role = f"{APP}-{stage.name}-{name}"
        get = partial(stage.client("iam").get_role_policy, RoleName=role, PolicyName=role)
        try:
            held = get()["PolicyDocument"]
        except ClientError as error:
            if code_of(error) != "NoSuchEntity":
                raise
            raise Problem(f"the role {role} has no rights", stage.redeploy) from None
        file = stage.root / ".chalice" / options["iam_policy_file"]
        if held != json.loads(file.read_text("utf-8")):
            raise Problem(f"{name} has other rights than {file.name} says", stage.redeploy)
    return f"those of {len(names)} functions are as they are here"


def alarms(stage: Stage) -> str:
    """The stack's alarms are there, and none is on."""
    prefix = f"{APP}-{stage.name}-"
    found = stage.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    if not found:
        raise Problem("there are none", f"Run `python3 dev.py infra {stage.name}`.")
    on = [each["AlarmName"] for each in found if each["StateValue"] == "ALARM"]
    if on:
        what = on[0].removeprefix(prefix)
        raise Problem(f"on: {', '.join(on)}", f"docs/runbook.md, alarm {what}, says what to do.")
    return f"none of {len(found)} is on"


def mail_identity(stage: Stage) -> str:
    """SES sends mails from the stage's address."""
    sender = parseaddr(stage.variables.get("MAIL_FROM", ""))[1]
    if not sender:
        return "MAIL_FROM is not set: no mails are sent"
    client = stage.client("sesv2")
    for identity in (sender, sender.rpartition("@")[2]):
        try:
            found = client.get_email_identity(EmailIdentity=identity)
        except ClientError as error:
            if code_of(error) != "NotFoundException":
                raise
            continue
        if found.get("VerifiedForSendingStatus"):
            return f"{identity} is verified"
    raise Problem(
        f"SES has verified neither {sender} nor its domain",
        f"aws sesv2 create-email-identity --email-identity {sender}, and follow the link that comes by mail.",
    )


def _lacking(said: Mapping[str, Any]) -> str:
    """Return what an account lacks for a model, as Bedrock says."""
    states = {
        "authorization": said["authorizationStatus"] == "AUTHORIZED",
        "entitlement": said["entitlementAvailability"] == "AVAILABLE",
        "Region": said["regionAvailability"] == "AVAILABLE",
        "agreement": said["agreementAvailability"]["status"] == "AVAILABLE",
    }
    return ", ".join(f"no {name}" for name, is_there in states.items() if not is_there)


def _functions(stage: Stage) -> list[str]:
    return [deployed_name(stage.name, name) for name in stage.configuration["lambda_functions"]]


CHECKS: Iterable[Callable[[Stage], str]] = (
    credentials,
    stack,
    functions,
    log_retention,
    schedule,
    event_sources,
    rights,
    models,
    guardrail_version,
    mail_identity,
    alarms,
)
