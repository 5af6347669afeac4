"""Reads from a guardrail's trace why it stepped in, without what the customer wrote."""

from collections.abc import Iterable, Mapping
from typing import Any

# Policy, its list, the field that names the finding, and our word for it.
FINDINGS = (
    ("topicPolicy", "topics", "name", "topic"),
    ("contentPolicy", "filters", "type", "content"),
    ("wordPolicy", "managedWordLists", "type", "word"),
    ("wordPolicy", "customWords", None, "word"),
    ("sensitiveInformationPolicy", "piiEntities", "type", "pii"),
    ("sensitiveInformationPolicy", "regexes", "name", "pii"),
)


def reasons(trace: Mapping[str, Any]) -> tuple[str, ...]:
    """Return each finding once, such as `topic:Legal advice` or `content:INSULTS`, in the trace's order."""
    found = (reason for assessment in _assessments(trace) for reason in _of_assessment(assessment))
    return tuple(dict.fromkeys(found))


def _assessments(trace: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield from trace.get("inputAssessment", {}).values()
    for assessments in trace.get("outputAssessments", {}).values():
        yield from assessments


def _of_assessment(assessment: Mapping[str, Any]) -> Iterable[str]:
    for policy, findings, name, word in FINDINGS:
        for finding in assessment.get(policy, {}).get(findings, ()):
            # A custom word is named by the very text that matched, so it stays unnamed.
            if finding.get("action") != "NONE":
                yield f"{word}:{finding.get(name, 'unnamed')}" if name else f"{word}:custom"
