"""boto3 clients for the local endpoint, whatever the user's own AWS settings say."""

from functools import cached_property

import boto3
from botocore.config import Config
from mypy_boto3_bedrock_agent import AgentsforBedrockClient
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
from mypy_boto3_s3 import S3Client
from mypy_boto3_secretsmanager import SecretsManagerClient
from mypy_boto3_sesv2 import SESV2Client
from mypy_boto3_sqs import SQSClient

from devstack.stage import LocalStage

CONFIG = Config(signature_version="v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 2})


class AwsClients:
    """Clients that use the stage's credentials; each is made when it is first needed."""

    def __init__(self, url: str, stage: LocalStage) -> None:
        self._url = url
        self._session = boto3.Session(
            aws_access_key_id=stage.access_key_id,
            aws_secret_access_key=stage.secret_access_key,
            region_name=stage.region,
        )

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """Return the client of DynamoDB."""
        return self._session.client("dynamodb", endpoint_url=self._url, config=CONFIG)

    @cached_property
    def streams(self) -> DynamoDBStreamsClient:
        """Return the client of DynamoDB's streams."""
        return self._session.client("dynamodbstreams", endpoint_url=self._url, config=CONFIG)

    @cached_property
    def s3(self) -> S3Client:
        """Return the client of S3."""
        return self._session.client("s3", endpoint_url=self._url, config=CONFIG)

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        """Return the client of Secrets Manager."""
        return self._session.client("secretsmanager", endpoint_url=self._url, config=CONFIG)

    @cached_property
    def sqs(self) -> SQSClient:
        """Return the client of SQS."""
        return self._session.client("sqs", endpoint_url=self._url, config=CONFIG)

    @cached_property
    def mails(self) -> SESV2Client:
        """Return the client that verifies senders."""
        return self._session.client("sesv2", endpoint_url=self._url, config=CONFIG)

    @cached_property
    def knowledge_bases(self) -> AgentsforBedrockClient:
        """Return the client that starts and looks at ingestion jobs."""
        return self._session.client("bedrock-agent", endpoint_url=self._url, config=CONFIG)
