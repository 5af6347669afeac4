"""What CloudWatch makes metrics of: numbers in log lines, in its embedded metric format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.settings import stage_name

NAMESPACE = "customer-support"
STAGE = "stage"


@dataclass(frozen=True)
class Metric:
    """A number of a log line. `labels` are the line's fields that it is told apart by, besides the stage.

    Each value of a label is a metric to pay for, so a label has a few values and never an id.
    """

    unit: MetricUnit
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "Chats": Metric(MetricUnit.Count, ("outcome",)),
    "TurnMs": Metric(MetricUnit.Milliseconds),
    "HistoryMs": Metric(MetricUnit.Milliseconds),
    "GatherMs": Metric(MetricUnit.Milliseconds),
    "ModelMs": Metric(MetricUnit.Milliseconds),
    "StoreMs": Metric(MetricUnit.Milliseconds),
    "InputTokens": Metric(MetricUnit.Count),
    "OutputTokens": Metric(MetricUnit.Count),
    "CostUsd": Metric(MetricUnit.NoUnit),
    "Degraded": Metric(MetricUnit.Count, ("without",)),
    "ServerErrors": Metric(MetricUnit.Count),
    "BudgetReached": Metric(MetricUnit.Count),
    "SyncFailed": Metric(MetricUnit.Count),
    "DocumentsFailed": Metric(MetricUnit.Count),
    "DeliveryFailed": Metric(MetricUnit.Count),
    "IntakeRefused": Metric(MetricUnit.Count),
}
"""What the alarms and the dashboard of infra/rds_kb.yaml may name.

One that ends in `Failed` is 1 or 0: its sum counts failures, its sample count all ends.
"""


def measured(values: Mapping[str, float], **labels: str) -> dict[str, Any]:
    """Return the fields that make a log line a measurement too; `labels` are fields of the same line."""
    sets = list(_serialized(values, labels))
    declared = [each for fields in sets for each in fields["_aws"]["CloudWatchMetrics"]]
    aws = {**sets[0]["_aws"], "CloudWatchMetrics": declared}
    # Plain numbers, where Powertools has lists of one: the line is read by people and queries as well.
    return {STAGE: stage_name(), **labels, **values, "_aws": aws}


def _serialized(values: Mapping[str, float], labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a document for each set of labels among the metrics."""
    by_labels = sorted(values, key=lambda name: METRICS[name].labels)
    for names, group in groupby(by_labels, key=lambda name: METRICS[name].labels):
        document = EphemeralMetrics(namespace=NAMESPACE)
        document.add_dimension(STAGE, stage_name())
        for label in names:
            document.add_dimension(label, labels[label])
        for name in group:
            document.add_metric(name, METRICS[name].unit, values[name])
        yield {**document.serialize_metric_set()}
