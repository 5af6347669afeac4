"""The extractive model's fixed sentences, in each language that it speaks."""

from collections.abc import Mapping
from pathlib import Path

import yaml

_SENTENCES: Mapping[str, Mapping[str, str]] = yaml.safe_load(
    Path(__file__).with_name("sentences.yaml").read_text(encoding="utf-8")
)


def sentence(key: str, language: str) -> str:
    """Return one of the fixed sentences."""
    return _SENTENCES[key][language]
