"""Chalice's record of a stage, as if its last deployment had gone well, and which API is the stage's.

The API's id is kept with the stage: whatever copy of the project deploys, clients keep their address.
"""

import json
from typing import Any

from deployment.arns import APP
from deployment.gateway import STAGE
from deployment.made.inventory import Inventory, Mapping
from deployment.made.removal import delete_api
from deployment.work import Work
from tooling.aws_errors import passing_over
from tooling.errors import CommandError
from tooling.stages import read_deployed, record_path

Resource = dict[str, Any]


def restore_record(work: Work, bucket: str) -> str:
    """Write the record of what there is, so that Chalice goes on from it; return what was found.

    Raises CommandError where a deployment would make a second API.
    """
    inventory = Inventory(work)
    resources = _resources(work, inventory, bucket)
    record = {"resources": resources, "schema_version": "2.0", "backend": "api"}
    path = record_path(work.root, work.stage)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n", "utf-8", newline="\n")
    if not resources:
        return "nothing is there yet"
    api = read_deployed(work.root, work.stage)
    return f"{len(inventory.functions)} functions, API {api.api_id if api and api.api_id else 'not yet made'}"


def remember_api(work: Work, api_id: str) -> None:
    """Keep with the stage which API is its own."""
    work.account.client("ssm").put_parameter(
        Name=parameter(work), Value=api_id, Type="String", Overwrite=True
    )


def forget_stage(work: Work) -> None:
    """Forget the API, here and with the stage."""
    record_path(work.root, work.stage).unlink(missing_ok=True)
    with passing_over("ParameterNotFound"):
        work.account.client("ssm").delete_parameter(Name=parameter(work))


def parameter(work: Work) -> str:
    """Return the name under which the API's id is kept."""
    return f"/{APP}/{work.stage}/api-id"


def _resources(work: Work, inventory: Inventory, bucket: str) -> list[Resource]:
    """Return what there is, in Chalice's words: what needs another thing stands after it."""
    functions = inventory.functions
    found = [
        *(_of("iam_role", f"{name}_role", role_arn=arn, role_name=arn.rsplit("/", 1)[-1])
          for name, arn in inventory.roles().items()),
        *(_of("lambda_function", name, lambda_arn=arn) for name, arn in functions.items()),
        *(_of("s3_event", f"{name}-s3event", bucket=bucket, lambda_arn=arn)
          for name, arn in inventory.notified(bucket).items()),
        *(_of("cloudwatch_event", f"{name}-event", rule_name=rule)
          for name, rule in inventory.rules().items()),
        *(_source(each, functions[each.function]) for each in inventory.mappings()
          if each.function in functions),
    ]  # fmt: skip
    if api_id := _settle_api(work, inventory):
        found.append(_of("rest_api", "rest_api", rest_api_id=api_id, rest_api_url=_url(work, api_id)))
    return found


def _of(kind: str, name: str, **values: str) -> Resource:
    return {"name": name, "resource_type": kind, **values}


def _source(mapping: Mapping, function_arn: str) -> Resource:
    """Return what Chalice notes of a stream or a queue."""
    service = mapping.source_arn.split(":")[2]
    name, values = f"{mapping.function}-{service}-event-source", {"lambda_arn": function_arn}
    if service == "sqs":
        values |= {"queue_arn": mapping.source_arn, "queue": mapping.source_arn.rsplit(":", 1)[-1]}
    else:
        values |= {"stream_arn": mapping.source_arn}
    return _of(f"{service}_event", name, event_uuid=mapping.uuid, **values)


def _url(work: Work, api_id: str) -> str:
    suffix = "amazonaws.com.cn" if work.account.partition == "aws-cn" else "amazonaws.com"
    return f"https://{api_id}.execute-api.{work.account.region}.{suffix}/{STAGE}/"


def _settle_api(work: Work, inventory: Inventory) -> str | None:
    """Return the id of the stage's one API; None before the first deployment. Raises CommandError.

    Deletes what a deployment has begun and nobody could ever call.
    """
    apis, known = inventory.apis(), _known_api(work)
    if known and known not in {each.api_id for each in apis}:
        raise CommandError(_gone(work, known))
    finished = [each.api_id for each in apis if each.is_finished]
    if len(finished) > 1 and not known:
        raise CommandError(
            f"Several APIs lead to the function {work.name}: {', '.join(finished)}. Delete those that no "
            "client uses (API Gateway console): a deployment has to know which one is the stage's."
        )
    kept = known or next(iter(finished or [each.api_id for each in apis]), None)
    if others := [api_id for api_id in finished if api_id != kept]:
        work.terminal.say(f"  note: {', '.join(others)} leads to {work.name} as well, and is left alone.")
    for each in apis:
        if not each.is_finished and each.api_id != kept:
            delete_api(work, each.api_id)
    if kept:
        remember_api(work, kept)
    return kept


def _known_api(work: Work) -> str | None:
    """Return the id that is kept with the stage, or else in this copy of the project."""
    with passing_over("ParameterNotFound"):
        answer = work.account.client("ssm").get_parameter(Name=parameter(work))
        return str(answer["Parameter"]["Value"])
    deployed = read_deployed(work.root, work.stage)
    return (deployed.api_id or None) if deployed else None


def _gone(work: Work, api_id: str) -> str:
    return (
        f"The API {api_id} of stage {work.stage}, whose address its clients know, is gone, or does not lead "
        f"to the function {work.name}. A new one would have another address. If that is wanted, run\n"
        f"  aws ssm delete-parameter --name {parameter(work)} --region {work.account.region}\n"
        f"delete .chalice/deployed/{work.stage}.json, and run `{work.command('deploy')}` again."
    )
