"""What a stage costs: list prices times the sizes in infra/rds_kb.yaml and in the code."""

from dataclasses import dataclass

from bench.cost.prices import PRICES
from chalicelib.gateways.converse import LIST_PRICES

HOURS = 730
SECRETS, OF_DATABASE, STORAGE_GB = 5, 2, 20
"""Secrets in all, and how many of them are of Postgres."""
SWEEPS = HOURS * 60
SWEEP_SECONDS, SWEEP_GB, SWEEP_LOG_BYTES = 0.15, 0.25, 400

ALARM_METRICS = {"dev": 3, "prod": 16}
"""What the alarms of infra/rds_kb.yaml look at, all together."""
CUSTOM_METRICS = 29
"""What the app writes at most: of chalicelib/metrics.py, each by each value of its label."""

QUEUE_POLLS = HOURS * 5 * 3 * 60
"""Lambda keeps five connections open that each wait for 20 seconds."""

PROMPT_TOKENS = 2300
"""See bench/cost/prompt_tokens.py."""
ANSWER_TOKENS = 250
"""Assumed: some 1,000 characters. What the stand-in answers says nothing about a model."""
QUESTION_TOKENS = 20
GUARDRAIL_UNITS = 1
"""Of 1,000 characters: one for the question, one for the answer."""
SENTIMENT_UNITS = 3
TURN_SECONDS, TURN_GB = 3.0, 1.0
"""Assumed: nearly all of it is waiting for the model."""
TURN_WRITE_UNITS = 2 * (3 + 1 + 1) + 2
"""An exchange of 3 KB, its message id and the check that its session was not erased in a transaction, which
counts twice; two counters of the limits."""
TURN_READ_UNITS = 1 + 1 + 0.5
"""The history; whether the message was answered before; the tokens of the day, which may be a moment old."""
TURN_LOG_BYTES = 2500

PROGRESSIVE_LOOKS, PROGRESSIVE_WRITES = 7, 7
"""Of a turn of three seconds, as `python -m bench.progressive` counts them."""
LOOK_SECONDS, LOOK_LOG_BYTES = 0.02, 700
PROGRESSIVE_WRITE_UNITS = 2 * (1 + 1 + 1) + (PROGRESSIVE_WRITES - 1)
"""The first write is a transaction with the check of the session and the item that names the answer."""
COUNT_WRITE_UNITS, COUNT_READ_UNITS = 2 * (1 + 2), 1
"""The conversation's row and the numbers of the day, below 2 KB, in a transaction; the row as it was."""
COUNT_SECONDS, COUNT_GB = 0.03, 0.25
"""Assumed, of a batch of one."""

Row = tuple[str, float]


@dataclass(frozen=True)
class StageSize:
    """What a stage has that is paid by the hour; without Postgres neither that nor its network's zones."""

    name: str
    zones: int
    instance: str | None
    storage: str
    ocus: float
    alarm_metrics: int
    dashboards: int


DEV = StageSize("dev", 1, "RDS db.t4g.micro", "RDS gp3 storage", 1, ALARM_METRICS["dev"], 0)
PROD = StageSize(
    "prod", 2, "RDS db.t4g.small, Multi-AZ", "RDS gp3 storage, Multi-AZ", 2, ALARM_METRICS["prod"], 1
)
DEV_WITHOUT_POSTGRES = StageSize(
    "dev, CustomerDatabase=NONE", 0, None, "RDS gp3 storage", 1, ALARM_METRICS["dev"], 0
)


def usd(name: str) -> float:
    """Return the price of a single one."""
    return PRICES[name].usd / PRICES[name].per


def idle(stage: StageSize) -> list[Row]:
    """Return what a stage costs in a month without traffic, with S3 Vectors."""
    instance, secrets = stage.instance, SECRETS - (0 if stage.instance else OF_DATABASE)
    return [
        ("interface endpoint", stage.zones * HOURS * usd("Interface endpoint")),
        ("Postgres", HOURS * usd(instance) if instance else 0.0),
        (f"its {STORAGE_GB} GB", STORAGE_GB * usd(stage.storage) if instance else 0.0),
        ("secrets", secrets * usd("Secret")),
        ("the sweep, each minute", SWEEPS * _sweep()),
        ("the queue of tickets, polled", QUEUE_POLLS * usd("SQS request")),
        ("alarms", stage.alarm_metrics * usd("CloudWatch alarm")),
        ("dashboard", stage.dashboards * usd("CloudWatch dashboard")),
    ]


def opensearch(stage: StageSize) -> float:
    """Return what OpenSearch Serverless adds to a month."""
    return stage.ocus * HOURS * usd("OpenSearch Serverless")


def custom_metrics() -> float:
    """Return what the app's own metrics cost in a month in each of whose hours each is written."""
    return CUSTOM_METRICS * usd("CloudWatch metric")


def turn(vector_store: str) -> list[Row]:
    """Return what a turn costs besides the model, in any stage."""
    judged = usd("Guardrail, content filters") + usd("Guardrail, denied topics")
    search = usd("S3 Vectors query") if vector_store == "S3_VECTORS" else 0.0
    return [
        ("guardrail on the question", GUARDRAIL_UNITS * judged),
        ("guardrail on the answer", GUARDRAIL_UNITS * (judged + usd("Guardrail, personal data"))),
        ("sentiment", SENTIMENT_UNITS * usd("Comprehend")),
        ("Lambda", TURN_SECONDS * TURN_GB * usd("Lambda, arm64") + usd("Lambda request")),
        (
            "DynamoDB",
            TURN_WRITE_UNITS * usd("DynamoDB write") + TURN_READ_UNITS * usd("DynamoDB read"),
        ),
        ("counting it", counting()),
        ("API Gateway", usd("API Gateway, REST")),
        ("search", QUESTION_TOKENS * usd("Titan embeddings v2") + search),
        ("log and trace", TURN_LOG_BYTES / 1e9 * usd("CloudWatch Logs") + usd("X-Ray")),
    ]


def progressive_turn() -> list[Row]:
    """Return what a turn costs more whose answer is read while it is written."""
    look = (
        usd("API Gateway, REST")
        + usd("Lambda request")
        + LOOK_SECONDS * TURN_GB * usd("Lambda, arm64")
        + usd("DynamoDB read")
        + LOOK_LOG_BYTES / 1e9 * usd("CloudWatch Logs")
    )
    return [
        (f"{PROGRESSIVE_LOOKS} looks at it", PROGRESSIVE_LOOKS * look),
        (f"{PROGRESSIVE_WRITES} writes of it", PROGRESSIVE_WRITE_UNITS * usd("DynamoDB write")),
    ]


def counting() -> float:
    """Return what it costs to count an exchange, with its share of judging the conversation."""
    units = COUNT_WRITE_UNITS * usd("DynamoDB write") + COUNT_READ_UNITS * usd("DynamoDB read")
    return units + usd("Lambda request") + COUNT_SECONDS * COUNT_GB * usd("Lambda, arm64")


def model_turn(model: str) -> float:
    """Return what the model costs in a turn."""
    per_input, per_output = LIST_PRICES[model]
    return (PROMPT_TOKENS * per_input + ANSWER_TOKENS * per_output) / 1e6


def _sweep() -> float:
    return (
        usd("Lambda request")
        + SWEEP_SECONDS * SWEEP_GB * usd("Lambda, arm64")
        + usd("DynamoDB read")
        + SWEEP_LOG_BYTES / 1e9 * usd("CloudWatch Logs")
    )
