"""What the handler does that this app was written to replace: a table and a model, called in sequence."""

import json
import time
import uuid

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table("customer-support-conversations")
bedrock = boto3.client("bedrock-runtime")


def handler(event: dict[str, str], _context: object) -> dict[str, object]:
    """Answer a question."""
    body = json.loads(event["body"])
    session_id = body.get("session_id", "default-session")
    table.query(
        KeyConditionExpression=Key("session_id").eq(session_id),
        Limit=5,
        ScanIndexForward=False,
    )
    answer = bedrock.converse(
        modelId="local-extractive", messages=[{"role": "user", "content": [{"text": body["query"]}]}]
    )
    text = answer["output"]["message"]["content"][0]["text"]
    for role, message in (("user", body["query"]), ("assistant", text)):
        item = {"session_id": session_id, "timestamp": time.time_ns() // 10**6, "role": role}
        table.put_item(Item={**item, "message": message, "id": str(uuid.uuid4())})
    return {"statusCode": 200, "body": json.dumps({"response": text})}
