"""boto3 clients for the local endpoint, whatever the user's own AWS settings say."""

from dataclasses import dataclass

import boto3
from botocore.config import Config
from mypy_boto3_bedrock_agent import AgentsforBedrockClient
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_s3 import S3Client
from mypy_boto3_secretsmanager import SecretsManagerClient
from mypy_boto3_sqs import SQSClient

from devstack.stage import LocalStage


@dataclass(frozen=True)
class AwsClients:
    """What provisioning talks to."""

    dynamodb: DynamoDBClient
    s3: S3Client
    secrets: SecretsManagerClient
    sqs: SQSClient
    knowledge_bases: AgentsforBedrockClient


def connect(url: str, stage: LocalStage) -> AwsClients:
    """Return clients that use the stage's credentials at the local endpoint."""
    session = boto3.Session(
        aws_access_key_id=stage.access_key_id,
        aws_secret_access_key=stage.secret_access_key,
        region_name=stage.region,
    )
    config = Config(
        signature_version="v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}
    )
    return AwsClients(
        dynamodb=session.client("dynamodb", endpoint_url=url, config=config),
        s3=session.client("s3", endpoint_url=url, config=config),
        secrets=session.client("secretsmanager", endpoint_url=url, config=config),
        sqs=session.client("sqs", endpoint_url=url, config=config),
        knowledge_bases=session.client("bedrock-agent", endpoint_url=url, config=config),
    )
