"""Deletes what Chalice has made of a stage; it can be repeated, as what is gone already is passed over."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from deployment.made.inventory import Inventory
from deployment.work import DONE, Work
from tooling.aws_errors import code_of

GONE = frozenset({"NoSuchBucket", "NoSuchEntity", "NotFoundException", "ResourceNotFoundException"})
BUSY = frozenset({"ResourceConflictException", "ResourceInUseException", "TooManyRequestsException"})
"""What is answered while something is being changed; API Gateway deletes one API in 30 seconds."""
PAUSE_SECONDS, ATTEMPTS = 10, 7


def delete_functions(work: Work, bucket: str | None) -> str:
    """Delete the functions, what calls them, and the API; return what was done.

    Their roles stay for a while: Lambda gives the network back with the rights that they hold.
    """
    removals = list(_removals(work, Inventory(work), bucket))
    for remove in removals:
        _patiently(work, remove)
    return "deleted" if removals else DONE


def delete_roles(work: Work) -> str:
    """Delete the functions' roles; return what was done."""
    roles = Inventory(work).roles()
    for arn in roles.values():
        _patiently(work, partial(_delete_role, work, arn.rsplit("/", 1)[-1]))
    return f"{len(roles)} deleted" if roles else DONE


def delete_api(work: Work, api_id: str) -> None:
    """Delete an API."""
    gateway = work.account.client("apigateway")
    _patiently(work, partial(gateway.delete_rest_api, restApiId=api_id))


def _removals(work: Work, inventory: Inventory, bucket: str | None) -> Iterator[Callable[[], Any]]:
    """Yield what deletes each thing: first what calls, last what is called."""
    functions = work.account.client("lambda")
    for api in inventory.apis():
        yield partial(delete_api, work, api.api_id)
    for mapping in inventory.mappings():
        yield partial(functions.delete_event_source_mapping, UUID=mapping.uuid)
    for rule in inventory.rules().values():
        yield partial(_delete_rule, work, rule)
    if bucket and (notified := inventory.notified(bucket)):
        yield partial(_silence, work, bucket, set(notified.values()))
    for arn in inventory.functions.values():
        yield partial(functions.delete_function, FunctionName=arn)


def _delete_rule(work: Work, name: str) -> None:
    events = work.account.client("events")
    if targets := [each["Id"] for each in events.list_targets_by_rule(Rule=name)["Targets"]]:
        events.remove_targets(Rule=name, Ids=targets)
    events.delete_rule(Name=name)


def _silence(work: Work, bucket: str, arns: set[str]) -> None:
    """Let a bucket tell these functions nothing more, and others whatever it does."""
    s3 = work.account.client("s3")
    answer = s3.get_bucket_notification_configuration(Bucket=bucket)
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    others = [each for each in kept["LambdaFunctionConfigurations"] if each["LambdaFunctionArn"] not in arns]
    kept["LambdaFunctionConfigurations"] = others
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=kept)


def _delete_role(work: Work, name: str) -> None:
    iam = work.account.client("iam")
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def _patiently(work: Work, remove: Callable[[], Any]) -> None:
    """Delete something, waiting while it is busy."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            remove()
        except ClientError as error:
            if code_of(error) in GONE:
                return
            if code_of(error) not in BUSY or attempt == ATTEMPTS:
                raise
            work.pause(PAUSE_SECONDS)
        else:
            return
