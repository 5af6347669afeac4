"""What goes wrong with a deployed stage, and with the copy that it came from: a fault for each check."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import requests

from chalicelib.chat.limits import BUDGET, DAY
from chalicelib.stores.state import counter_key
from chalicelib.times import to_millis
from tests.deploy.emulator_project import STAGE
from tests.deploy.emulator_stage import AGENT, BUCKET, NAME, SWEEP, DeployedStage
from tests.deploy.emulator_template import DATA_SOURCE_ID
from tooling.stages import read_config, write_config

FOUND: Mapping[str, str] = {
    "settings": "SESSION_POLICY",
    "agent_routes": "without a token GET /tickets answers",
    "app_to_postgres": "does not reach database",
    "app_to_bedrock": "does not reach model",
    "app_to_knowledge_base": "does not reach knowledge base",
    "last_sync": "ended as FAILED",
    "index_age": "a change waits since 60 min: AccessDeniedException",
    "deliveries": "1 event not delivered",
    "budget": "dollars are used up",
    "tables": "support-tickets-dev lacks the index",
    "events_stream": "has another stream than EVENTS_STREAM_ARN names",
    "conversations_stream": "has another stream than CONVERSATIONS_STREAM_ARN names",
    "intake_queue": "support-tickets-intake-dlq-dev holds 1",
    "documents": f"the bucket {BUCKET} is empty",
    "bucket_events": "does not tell of s3:ObjectCreated:*, s3:ObjectRemoved:*",
    "app_secret": "shorter than 32",
    "database_secret": "no JSON object",
    "webhooks": "cannot be read",
    "knowledge_base": "may not do GetKnowledgeBase",
    "data_source": "data source NONE000001 does not exist",
    "guardrail": "in version 77 does not exist",
    "functions": f"there is no function {NAME}-gone",
    "log_retention": f"/aws/lambda/{AGENT} keeps logs 1,",
    "schedule": "is switched off",
    "event_sources": "is disabled",
    "rights": "sweep has other rights",
    "mail_identity": "neither ada@example.com nor its domain",
    "alarms": f"on: {NAME}-",
}
"""What the doctor says of each of them, by its check."""
WRONG_SETTINGS = {
    "SESSION_POLICY": "closed",
    "DATA_SOURCE_ID": "NONE000001",
    "GUARDRAIL_VERSION": "77",
    "EVENTS_STREAM_ARN": "arn:of-another",
    "CONVERSATIONS_STREAM_ARN": "arn:of-another",
    "MAIL_FROM": "ada@example.com",
}
DENIED = "AccessDeniedException"
WAITING = timedelta(hours=1)
NO_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


def break_copy(stage: DeployedStage) -> None:
    """Change settings of the copy, and let it have a function more."""
    config = read_config(stage.project.folder)
    config["stages"][STAGE]["environment_variables"].update(WRONG_SETTINGS)
    functions = config["stages"][STAGE]["lambda_functions"]
    functions["gone"] = functions["sweep"]
    write_config(config, stage.project.folder)


def break_functions(stage: DeployedStage) -> None:
    """Take from the functions what calls them, and what they may do and reach."""
    events, functions = stage.client("events"), stage.client("lambda")
    (rule,) = (each["Name"] for each in events.list_rules()["Rules"] if SWEEP in each["Name"])
    events.disable_rule(Name=rule)
    mapping, *_ = functions.list_event_source_mappings(FunctionName=f"{NAME}-intake")["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    functions.put_function_concurrency(FunctionName=f"{NAME}-customers", ReservedConcurrentExecutions=0)
    stage.client("logs").put_retention_policy(logGroupName=f"/aws/lambda/{AGENT}", retentionInDays=1)
    stage.client("iam").put_role_policy(
        RoleName=SWEEP, PolicyName=SWEEP, PolicyDocument=json.dumps(NO_RIGHTS)
    )
    stage.account.front.definitions[-1]["paths"]["/tickets"]["get"].pop("security")
    for operation in ("CountTokens", "GetKnowledgeBase"):
        fault = {"operation": operation, "error": DENIED}
        requests.put(_faults_of_bedrock(stage), json=fault, timeout=5).raise_for_status()


def restore_bedrock(stage: DeployedStage) -> None:
    """Let the models and the knowledge base answer again."""
    requests.delete(_faults_of_bedrock(stage), timeout=5).raise_for_status()


def _faults_of_bedrock(stage: DeployedStage) -> str:
    return f"{stage.account.owner['AWS_ENDPOINT_URL_BEDROCK']}/_devstack/faults"


def break_stores(stage: DeployedStage) -> None:
    """Take out what the stores need, and leave in them what tells of failures."""
    s3, secrets, sqs = map(stage.client, ("s3", "secretsmanager", "sqs"))
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})
    for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=each["Key"])
    for name, text in (("app-secret", "short"), ("database", "password"), ("webhooks", "{")):
        secrets.put_secret_value(SecretId=f"customer-support/{STAGE}/{name}", SecretString=text)
    url = sqs.get_queue_url(QueueName=f"support-tickets-intake-dlq-{STAGE}")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="no ticket")
    alarms = stage.client("cloudwatch")
    name = alarms.describe_alarms(AlarmNamePrefix=NAME)["MetricAlarms"][0]["AlarmName"]
    alarms.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="to be found")
    _break_tables(stage.client("dynamodb"))


def _break_tables(dynamodb: Any) -> None:
    tickets, events, state = (f"support-{name}-{STAGE}" for name in ("tickets", "events", "state"))
    index = dynamodb.describe_table(TableName=tickets)["Table"]["GlobalSecondaryIndexes"][0]["IndexName"]
    deletion = {"Delete": {"IndexName": index}}
    dynamodb.update_table(TableName=tickets, GlobalSecondaryIndexUpdates=[deletion])
    (event,) = dynamodb.scan(TableName=events, Limit=1)["Items"]
    dynamodb.put_item(TableName=events, Item={**event, "status": {"S": "failed"}})
    items = {each["pk"]["S"]: each for each in dynamodb.scan(TableName=state)["Items"]}
    now = datetime.now(timezone.utc)
    since = {"N": str(to_millis(now - WAITING))}
    waiting = {"requested": {"N": "1000"}, "last_change_at": since, "last_error": {"S": DENIED}}
    changes = [
        {"pk": {"S": counter_key(BUDGET, now, DAY)}, "value": {"N": str(10**9)}},
        {**items[f"sync#{DATA_SOURCE_ID}"], **waiting},
        *({**each, "status": {"S": "FAILED"}} for pk, each in items.items() if pk.startswith("sync-job#")),
    ]
    for item in changes:
        dynamodb.put_item(TableName=state, Item=item)
