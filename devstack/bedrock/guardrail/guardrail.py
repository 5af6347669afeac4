"""The stand-in's guardrail: evaluates the definition that the template deploys, in the API's own shapes.

Detection is by short lists and patterns, far weaker than Bedrock's; which policy applies to which side, with
which strength, action and message is exactly what the definition says.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from devstack.bedrock.guardrail.detectors import LEVELS, PROFANITY, Topic, confidence, find_entities

Side = Literal["INPUT", "OUTPUT"]
Findings = list[dict[str, Any]]
OUTCOMES = {"BLOCK": "BLOCKED", "ANONYMIZE": "ANONYMIZED", "NONE": "NONE"}
CHARACTERS_PER_UNIT = 1_000


@dataclass(frozen=True)
class Verdict:
    """A guardrail's decision on some texts: `outputs` replaces them."""

    blocked: bool
    masked: bool
    outputs: tuple[str, ...]
    assessment: dict[str, Any]

    @property
    def intervened(self) -> bool:
        return self.blocked or self.masked

    @property
    def action_reason(self) -> str:
        return "Guardrail blocked." if self.blocked else "Guardrail masked." if self.masked else "No action."


class Guardrail:
    """Evaluates the properties of an `AWS::Bedrock::Guardrail`."""

    def __init__(self, guardrail_id: str, definition: Mapping[str, Any]) -> None:
        self.guardrail_id = guardrail_id
        self._messages = {
            "INPUT": definition["BlockedInputMessaging"],
            "OUTPUT": definition["BlockedOutputsMessaging"],
        }
        self._topics = [
            (config, Topic.from_definition(config))
            for config in _configs(definition, "Topic", "TopicsConfig")
        ]
        self._filters = _configs(definition, "Content", "FiltersConfig")
        self._words = _configs(definition, "Word", "WordsConfig")
        self._word_lists = _configs(definition, "Word", "ManagedWordListsConfig")
        self._entities = _configs(definition, "SensitiveInformation", "PiiEntitiesConfig")
        self._regexes = _configs(definition, "SensitiveInformation", "RegexesConfig")

    def evaluate(self, texts: Sequence[str], side: Side, *, full: bool = False) -> Verdict:
        """Judge texts on their way in or out; `full` also reports the filters that found nothing."""
        started = time.perf_counter()
        policies = self._policies(texts, side, full)
        actions = {
            each["action"] for policy in policies.values() for found in policy.values() for each in found
        }
        blocked, masked = "BLOCKED" in actions, "ANONYMIZED" in actions
        outputs = (self._messages[side],) if blocked else tuple(self._mask(text, side) for text in texts)
        assessment = {name: policy for name, policy in policies.items() if any(policy.values())}
        assessment["invocationMetrics"] = self._metrics(texts, started)
        return Verdict(blocked, masked and not blocked, outputs, assessment)

    def _policies(self, texts: Sequence[str], side: Side, full: bool) -> dict[str, dict[str, Findings]]:
        return {
            "topicPolicy": {"topics": _collect(self._topics_in(text, side) for text in texts)},
            "contentPolicy": {"filters": self._filters_on(texts, side, full)},
            "wordPolicy": {
                "customWords": _collect(self._words_in(text, side) for text in texts),
                "managedWordLists": _collect(self._listed_words_in(text, side) for text in texts),
            },
            "sensitiveInformationPolicy": {
                "piiEntities": _collect(self._entities_in(text, side) for text in texts),
                "regexes": _collect(self._regexes_in(text, side) for text in texts),
            },
        }

    def _topics_in(self, text: str, side: Side) -> Iterator[dict[str, Any]]:
        for config, topic in self._topics:
            action = _action(config, side)
            if action and topic.covers(text):
                yield {"name": topic.name, "type": "DENY", "action": action, "detected": True}

    def _filters_on(self, texts: Sequence[str], side: Side, full: bool) -> Findings:
        found = [self._filter_on(config, texts, side) for config in self._filters]
        return [each for each in found if each and (each["detected"] or full)]

    def _filter_on(
        self, config: Mapping[str, Any], texts: Sequence[str], side: Side
    ) -> dict[str, Any] | None:
        strength, action = config[f"{side.title()}Strength"], _action(config, side)
        if strength == "NONE" or action is None:
            return None
        sure = max((confidence(config["Type"], text) for text in texts), key=LEVELS.index, default="NONE")
        # The stronger the filter, the less sure it has to be: HIGH acts on LOW, LOW on HIGH only.
        detected = sure != "NONE" and LEVELS.index(sure) + LEVELS.index(strength) >= len(LEVELS)
        return {
            "type": config["Type"],
            "confidence": sure,
            "filterStrength": strength,
            "action": action if detected else "NONE",
            "detected": detected,
        }

    def _words_in(self, text: str, side: Side) -> Iterator[dict[str, Any]]:
        for config in self._words:
            action = _action(config, side)
            match = re.search(rf"(?<!\w){re.escape(config['Text'])}(?!\w)", text, re.IGNORECASE)
            if action and match:
                yield {"match": match[0], "action": action, "detected": True}

    def _listed_words_in(self, text: str, side: Side) -> Iterator[dict[str, Any]]:
        for config in self._word_lists:
            if action := _action(config, side):
                for match in PROFANITY.finditer(text):
                    yield {"match": match[0], "type": config["Type"], "action": action, "detected": True}

    def _entities_in(self, text: str, side: Side) -> Iterator[dict[str, Any]]:
        for config in self._entities:
            if action := _action(config, side):
                for start, end in find_entities(config["Type"], text):
                    yield {
                        "match": text[start:end],
                        "type": config["Type"],
                        "action": action,
                        "detected": True,
                    }

    def _regexes_in(self, text: str, side: Side) -> Iterator[dict[str, Any]]:
        for config in self._regexes:
            if action := _action(config, side):
                for match in re.finditer(config["Pattern"], text):
                    named = {"name": config["Name"], "regex": config["Pattern"]}
                    yield {**named, "match": match[0], "action": action, "detected": True}

    def _mask(self, text: str, side: Side) -> str:
        """Put `{TYPE}` or a regex's `{Name}` in the place of what is to be anonymised."""
        for config in self._entities:
            if _action(config, side) == "ANONYMIZED":
                for start, end in reversed(list(find_entities(config["Type"], text))):
                    text = f"{text[:start]}{{{config['Type']}}}{text[end:]}"
        for config in self._regexes:
            if _action(config, side) == "ANONYMIZED":
                # As a function, because a name is no replacement template.
                text = re.sub(config["Pattern"], partial(_placeholder, config["Name"]), text)
        return text

    def _metrics(self, texts: Sequence[str], started: float) -> dict[str, Any]:
        return {
            "guardrailProcessingLatency": math.ceil((time.perf_counter() - started) * 1_000),
            "usage": self.usage(texts),
            "guardrailCoverage": coverage(texts),
        }

    def usage(self, texts: Sequence[str]) -> dict[str, int]:
        """Return the text units that each policy is charged for."""
        units = math.ceil(sum(map(len, texts)) / CHARACTERS_PER_UNIT)
        return {
            "topicPolicyUnits": units if self._topics else 0,
            "contentPolicyUnits": units if self._filters else 0,
            "wordPolicyUnits": units if self._words or self._word_lists else 0,
            "sensitiveInformationPolicyUnits": units if self._entities else 0,
            "sensitiveInformationPolicyFreeUnits": units if self._regexes else 0,
            "contextualGroundingPolicyUnits": 0,
        }


def coverage(texts: Sequence[str]) -> dict[str, Any]:
    """Return how much text was looked at: all that was given."""
    characters = sum(map(len, texts))
    return {"textCharacters": {"guarded": characters, "total": characters}}


def _configs(definition: Mapping[str, Any], policy: str, key: str) -> list[Mapping[str, Any]]:
    configs: list[Mapping[str, Any]] = definition.get(f"{policy}PolicyConfig", {}).get(key, [])
    return configs


def _action(config: Mapping[str, Any], side: Side) -> str | None:
    """Return what the definition does on this side, or None where it is switched off."""
    name = side.title()
    if not config.get(f"{name}Enabled", True):
        return None
    return OUTCOMES[config.get(f"{name}Action") or config.get("Action") or "BLOCK"]


def _placeholder(name: str, _: re.Match[str]) -> str:
    return f"{{{name}}}"


def _collect(found: Iterator[Iterator[dict[str, Any]]]) -> Findings:
    """Flatten what was found in each text, each finding once."""
    unique: Findings = []
    for finding in (each for one_text in found for each in one_text):
        if finding not in unique:
            unique.append(finding)
    return unique
