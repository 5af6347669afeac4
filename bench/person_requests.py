"""Measure how well the wish for a person is told from what only sounds like it, by language.

    python -m bench.person_requests [--check] [--show]

bench/questions/person_requests.tsv holds messages of both kinds (`yes` or `no`, the language, the text with
`\\n` for a line end); the rules were written with them in sight. person_requests_held_out.tsv was written
before the rules, and nobody tunes on it. --show prints what went wrong, --check fails when a share is below
its least, in LEAST.
"""

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass

from bench.collections import QUESTIONS
from chalicelib.chat.reading.person_request import asks_for_a_person

LEAST = {"person_requests": (97.0, 99.0), "person_requests_held_out": (80.0, 95.0)}
"""The least percentages of wishes that are heard, and of other messages that are not mistaken for one."""


@dataclass(frozen=True)
class Message:
    """A message, and whether it asks for a person."""

    text: str
    language: str
    asks: bool

    @property
    def is_understood(self) -> bool:
        """Whether the product takes it for what it is."""
        return asks_for_a_person(self.text) == self.asks


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    is_good = True
    for name, least in LEAST.items():
        messages = load(name)
        heard, left = (_share([m for m in messages if m.asks is asks]) for asks in (True, False))
        print(f"{name}: heard {heard:.1f} %, not mistaken {left:.1f} % of {len(messages)} messages")
        print("  " + ", ".join(f"{language} {share:.0f} %" for language, share in _by_language(messages)))
        is_good &= heard >= least[0] and left >= least[1]
        for message in messages if options.show else ():
            if not message.is_understood:
                print(f"    {'missed' if message.asks else 'mistaken'}: {message.language} {message.text!r}")
    if options.check and not is_good:
        sys.exit(1)


def load(name: str) -> list[Message]:
    """Return the messages of a table."""
    lines = (QUESTIONS / f"{name}.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return [Message(text.replace("\\n", "\n"), language, asks == "yes") for asks, language, text in rows]


def _share(messages: list[Message]) -> float:
    return 100 * sum(message.is_understood for message in messages) / len(messages)


def _by_language(messages: list[Message]) -> list[tuple[str, float]]:
    grouped: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        grouped[message.language].append(message)
    return [(language, _share(group)) for language, group in grouped.items()]


if __name__ == "__main__":
    main()
