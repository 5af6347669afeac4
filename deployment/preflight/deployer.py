"""Writes the policy of whoever deploys: what the template's types ask for, and what the commands call.

`python -m deployment.preflight.deployer` writes infra/deployer-policy.json. The types' own schemas, which
cfn-lint brings, say what CloudFormation does in the deployer's name.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from deployment.preflight.rights import POLICY
from tooling.project import ROOT
from tooling.template import Template

REGION = "us-east-1"
"""Whose schemas are read; they are the same elsewhere."""
OURS = "customer-support"
SCOPES: Mapping[str, tuple[str, ...]] = {
    "apigateway": tuple(f"apigateway:*::/{path}" for path in ("account", "restapis", "restapis/*", "tags/*")),
    "cloudformation": (f"cloudformation:*:*:stack/{OURS}-*",),
    "cloudwatch": (f"cloudwatch:*:*:alarm:{OURS}-*", f"cloudwatch::*:dashboard/{OURS}-*"),
    "dynamodb": tuple(f"dynamodb:*:*:table/{stem}-*" for stem in (OURS, "customer-interactions", "support")),
    "events": (f"events:*:*:rule/{OURS}-*",),
    "iam": (f"iam::*:role/{OURS}-*", "iam::*:role/api-gateway-writes-logs"),
    "lambda": (f"lambda:*:*:function:{OURS}-*",),
    "logs": tuple(f"logs:*:*:log-group:/aws/{kind}/{OURS}-*" for kind in ("apigateway", "lambda")),
    "s3": (f"s3:::{OURS}-*",),
    "secretsmanager": (f"secretsmanager:*:*:secret:{OURS}/*", "secretsmanager:*:*:secret:rds!*"),
    "sns": (f"sns:*:*:{OURS}-*",),
    "sqs": ("sqs:*:*:support-*",),
    "ssm": (f"ssm:*:*:parameter/{OURS}/*",),
}
"""The resources of the services whose names say that they are ours; of others any."""
COMMANDS: Mapping[str, str] = {
    "apigateway": "DELETE GET PATCH POST PUT",
    "bedrock": "GetFoundationModel GetFoundationModelAvailability InvokeModel StopIngestionJob",
    "cloudformation": "CreateChangeSet DeleteChangeSet DeleteStack ExecuteChangeSet GetTemplate "
    "UpdateTerminationProtection",
    "comprehend": "DetectSentiment",
    "dynamodb": "UpdateItem",
    "events": "DeleteRule PutRule PutTargets RemoveTargets",
    "iam": "SimulatePrincipalPolicy",
    "lambda": "AddPermission CreateFunction DeleteFunction DeleteFunctionConcurrency GetAccountSettings "
    "GetFunction GetFunctionConfiguration GetPolicy InvokeFunction RemovePermission "
    "TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration "
    "CreateEventSourceMapping DeleteEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping",
    "logs": "DeleteLogGroup DeleteRetentionPolicy",
    "s3": "DeleteObject GetObject PutObject",
    "ses": "GetEmailIdentity",
    "servicequotas": "GetServiceQuota ListServiceQuotas",
    "ssm": "DeleteParameter GetParameter PutParameter",
}
"""What Chalice and the commands of `dev.py` call besides; reads of lists are allowed as a whole."""
READS = ("Describe", "List")
WITHOUT_NAMES = {
    "iam:CreateServiceLinkedRole",
    "iam:SimulatePrincipalPolicy",
    "lambda:GetAccountSettings",
    *(f"lambda:{verb}EventSourceMapping" for verb in ("Create", "Delete", "Get", "Update")),
    "secretsmanager:GetRandomPassword",
}
"""What a service allows on everything or not at all, or by names that it makes itself."""
NOT_OURS = {"kinesis", "s3tables", "vpc-lattice", "vpce"}
"""Services of features that the template does not use."""
KNOWN = json.loads((files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text("utf-8"))
"""The actions that IAM knows, in small letters, by their services."""


def deployer_policy(template: Template) -> dict[str, Any]:
    """Return the policy document."""
    actions = {*_of_resources(template), *_of_commands()}
    reads = {
        f"{_service(each)}:{verb}*" for each in actions for verb in READS if _verb(each).startswith(verb)
    }
    reads |= {"cloudformation:Describe*", "cloudformation:List*", "events:List*", "lambda:List*"}
    scoped = {each for each in actions if _service(each) in SCOPES and each not in WITHOUT_NAMES}
    return {
        "Version": "2012-10-17",
        "Statement": [
            *_named(scoped),
            _statement(
                "NamesAreTheirOwn", {each for each in actions - scoped if not _is_read(each)} | reads, ["*"]
            ),
        ],
    }


def _named(actions: set[str]) -> Iterator[dict[str, Any]]:
    for service, resources in SCOPES.items():
        own = {each for each in actions if _service(each) == service and not _is_read(each)}
        arns = [f"arn:aws:{each}" for each in resources]
        if service == "s3":
            own |= {"s3:ListBucket"}
        yield _statement(f"Our{service.title()}", own, arns)


def _of_resources(template: Template) -> Iterator[str]:
    """Yield what CloudFormation does for each type of resource."""
    for kind in template.kinds():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
        for handler in schema.get("handlers", {}).values():
            yield from (each for each in handler.get("permissions", ()) if _is_usable(each))


def _is_usable(action: str) -> bool:
    """Tell what IAM knows from the names of operations that some schemas have in its place."""
    service, name = action.lower().split(":")
    return service not in NOT_OURS and name in KNOWN.get(service, {}).get("Actions", ())


def _of_commands() -> Iterator[str]:
    for service, names in COMMANDS.items():
        yield from (f"{service}:{name}" for name in names.split())


def _statement(sid: str, actions: set[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}


def _is_read(action: str) -> bool:
    return _verb(action).startswith(READS)


def _service(action: str) -> str:
    return action.split(":")[0]


def _verb(action: str) -> str:
    return action.split(":")[1]


def main(root: Path = ROOT) -> int:
    """Write the policy."""
    text = json.dumps(deployer_policy(Template()), indent=2) + "\n"
    (root / POLICY).write_text(text, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
