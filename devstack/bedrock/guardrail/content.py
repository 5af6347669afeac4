"""What the stand-in's guardrail takes for harmful content, prompt attacks and profanity.

Bedrock uses classifiers; this goes by the phrases of `guardrail_patterns.yaml`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import yaml

LEVELS = ("NONE", "LOW", "MEDIUM", "HIGH")
PATTERNS = Path(__file__).with_name("patterns.yaml")
PROFANITY = re.compile(
    r"\b(?:fuck\w*|motherfuck\w*|shit(?:ty|s|head)?|bullshit|bitch(?:es)?|bastards?|assholes?|arseholes?|"
    r"cunts?|dickheads?|pricks?|wankers?|twats?|bollocks|goddamn)\b",
    re.IGNORECASE,
)


def confidence(filter_type: str, text: str) -> str:
    """Return how sure the stand-in is that the text is what the filter looks for: one of LEVELS."""
    plain = _plain(text)
    by_level = _patterns().get(filter_type, {})
    found = (level for level, patterns in by_level.items() if any(each.search(plain) for each in patterns))
    return max(found, key=LEVELS.index, default="NONE")


@cache
def _patterns() -> dict[str, dict[str, list[re.Pattern[str]]]]:
    """Return the patterns by filter and level."""
    content = yaml.safe_load(PATTERNS.read_text(encoding="utf-8"))
    words = content.pop("words")
    return {
        filter_type: {
            level: [_compiled(pattern, words) for pattern in patterns] for level, patterns in by_level.items()
        }
        for filter_type, by_level in content.items()
    }


def _compiled(pattern: str, words: dict[str, str]) -> re.Pattern[str]:
    return re.compile(re.sub(r"%(\w+)%", lambda name: words[name[1]], pattern))


def _plain(text: str) -> str:
    """Fold case, compatibility characters, invisible ones and runs of blanks, which attacks hide in."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    visible = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return " ".join(visible.split())
