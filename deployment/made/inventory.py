"""Finds what Chalice has made of a stage, by name, tag and integration.

Chalice itself knows it only from a file that it writes when all has gone well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from deployment.arns import API_HANDLER, APP
from deployment.gateway import STAGE
from deployment.work import Work
from tooling.aws_errors import passing_over
from tooling.errors import CommandError
from tooling.stages import deployable_stage, read_config

TAG = "aws-chalice"
"""What Chalice puts on each function, with the app and the stage in it."""


@dataclass(frozen=True)
class Mapping:
    """What calls a function for each batch of a stream or queue."""

    uuid: str
    source_arn: str
    function: str


@dataclass(frozen=True)
class Api:
    """An API that leads to the stage's function; one that is not finished was never reachable."""

    api_id: str
    is_finished: bool


class Inventory:
    """What there is of a stage; functions go by Chalice's names. All of it may raise as boto3 does."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._client = work.account.client
        self._configured = tuple(deployable_stage(read_config(work.root), work.stage)["lambda_functions"])

    @cached_property
    def functions(self) -> dict[str, str]:
        """The functions' ARNs. Raises CommandError for one that has a name of ours and is not ours."""
        found = {}
        for each in self._pages("lambda", "list_functions", "Functions"):
            name = self._short(each["FunctionName"])
            if name and self._is_of_stage(each["FunctionArn"]):
                found[name] = each["FunctionArn"]
            elif name in self._configured:
                raise CommandError(
                    f"The function {each['FunctionName']} exists and is not of this app: it has no tag "
                    f"{TAG}. Delete or rename it first."
                )
        return found

    def roles(self) -> dict[str, str]:
        """Return the ARNs of the functions' roles, also where the function is gone."""
        stem, found = f"{self._work.name}-", {}
        for each in self._pages("iam", "list_roles", "Roles"):
            role, name = each["RoleName"], each["RoleName"].removeprefix(stem)
            if name in self._configured or (role.startswith(stem) and self._has_chalices_policy(role)):
                found[name] = each["Arn"]
        return found

    def rules(self) -> dict[str, str]:
        """Return the names of the rules that are schedules, by their functions."""
        rules = self._pages("events", "list_rules", "Rules", NamePrefix=f"{self._work.name}-")
        names = {each["Name"] for each in rules}
        wanted = {function: f"{self._work.name}-{function}-event" for function in self._known()}
        return {function: name for function, name in wanted.items() if name in names}

    def mappings(self) -> list[Mapping]:
        """Return what reads streams and queues; not what is on its way out."""
        known = self._known()
        found = []
        for each in self._pages("lambda", "list_event_source_mappings", "EventSourceMappings"):
            function = self._short(each["FunctionArn"].rsplit(":", 1)[-1])
            if function in known and each.get("State") != "Deleting":
                found.append(Mapping(each["UUID"], each["EventSourceArn"], function))
        return found

    def notified(self, bucket: str) -> dict[str, str]:
        """Return the ARNs of the functions that hear of a bucket's objects; none of a bucket that is gone."""
        answer = {}
        with passing_over("NoSuchBucket"):
            answer = self._client("s3").get_bucket_notification_configuration(Bucket=bucket)
        arns = [each["LambdaFunctionArn"] for each in answer.get("LambdaFunctionConfigurations", ())]
        known = self._known()
        by_name = {self._short(arn.rsplit(":", 1)[-1]): arn for arn in arns}
        return {name: arn for name, arn in by_name.items() if name in known}

    def apis(self) -> list[Api]:
        """Return the APIs that lead to the stage's function; all stages' have the same name."""
        apis = self._pages("apigateway", "get_rest_apis", "items")
        ours = [each["id"] for each in apis if each["name"] == APP and self._leads_here(each["id"])]
        return [Api(api_id, self._is_finished(api_id)) for api_id in ours]

    def _known(self) -> set[str]:
        return {*self._configured, *self.functions}

    def _short(self, full: str) -> str | None:
        """Return Chalice's name of a function; None where it is not one of the stage's."""
        stem = self._work.name
        if full == stem:
            return API_HANDLER
        return full.removeprefix(f"{stem}-") if full.startswith(f"{stem}-") else None

    def _is_of_stage(self, arn: str) -> bool:
        tag: str = self._client("lambda").list_tags(Resource=arn)["Tags"].get(TAG, "")
        return tag.endswith(f":stage={self._work.stage}:app={APP}")

    def _has_chalices_policy(self, role: str) -> bool:
        """Tell Chalice's roles, with one policy of their own name, from the stack's."""
        names = self._client("iam").list_role_policies(RoleName=role)["PolicyNames"]
        return bool(names == [role])

    def _leads_here(self, api_id: str) -> bool:
        ending = f":function:{self._work.name}/invocations"
        resources = self._pages("apigateway", "get_resources", "items", restApiId=api_id, embed=["methods"])
        methods = (method for each in resources for method in each.get("resourceMethods", {}).values())
        return any(each.get("methodIntegration", {}).get("uri", "").endswith(ending) for each in methods)

    def _is_finished(self, api_id: str) -> bool:
        stages = self._client("apigateway").get_stages(restApiId=api_id)["item"]
        return any(each["stageName"] == STAGE for each in stages)

    def _pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        for page in self._client(service).get_paginator(operation).paginate(**arguments):
            yield from page[key]
