"""The AWS account and Region to deploy to, and who deploys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoRegionError

from tooling import environment
from tooling.aws_errors import CHOOSE_REGION, explained
from tooling.errors import CommandError

CLIENT_CONFIG = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 6}
)
FIRST_CALL_CONFIG = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2}
)
LAMBDA_CONFIG = Config(connect_timeout=10, read_timeout=310, retries={"total_max_attempts": 1})
"""For functions: as long as the slowest may take, and no second call."""
ASSUMED_ROLE = "assumed-role/"


@dataclass(frozen=True)
class Account:
    """An account and Region; `client` returns a boto3 client by its service's name.

    An emulated one is a stand-in for AWS, which has functions, but no public address for the API.
    """

    region: str
    caller_arn: str
    client: Callable[[str], Any]
    is_emulated: bool = False

    @property
    def number(self) -> str:
        """Return the account's number."""
        return self.caller_arn.split(":")[4]

    @property
    def partition(self) -> str:
        """Return the partition of AWS that it belongs to, such as aws or aws-cn."""
        return self.caller_arn.split(":")[1]


def open_account(
    region: str | None, fallback: str | None = None, new_session: Callable[..., Any] = boto3.Session
) -> Account:
    """Return the account that the credentials belong to.

    The Region is the one named, else the fallback, else what the profile or the environment says.
    Raises CommandError.
    """
    try:
        session = new_session(region_name=region or fallback)
        if not session.region_name:
            raise explained(NoRegionError())
        caller = session.client("sts", config=FIRST_CALL_CONFIG).get_caller_identity()
    except EndpointConnectionError as error:
        raise CommandError(_unreachable(session.region_name)) from error
    except (BotoCoreError, ClientError) as error:
        raise explained(error) from error
    return Account(
        session.region_name,
        caller["Arn"],
        lambda name: session.client(name, config=LAMBDA_CONFIG if name == "lambda" else CLIENT_CONFIG),
        is_emulated=environment.is_aws_emulated(),
    )


def deployer_arn(account: Account) -> str | None:
    """Return the user or role behind the credentials, without its session; None for the root user.

    Raises ClientError, as when the role may not look itself up.
    """
    resource = account.caller_arn.split(":", 5)[5]
    if resource.startswith("user/"):
        return account.caller_arn
    if not resource.startswith(ASSUMED_ROLE):
        return None
    # A role's path, such as that of single sign-on, is not in the name of its session.
    role = account.client("iam").get_role(RoleName=resource.split("/")[1])
    return str(role["Role"]["Arn"])


def _unreachable(region: str) -> str:
    return f"AWS does not answer in {region}: there is no such Region, or no network. {CHOOSE_REGION}"
