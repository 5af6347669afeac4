"""What is said to the person at the terminal, and asked."""

import io
import sys
from dataclasses import dataclass, field
from typing import TextIO

from tooling.errors import CommandError


@dataclass(frozen=True)
class Terminal:
    """Where lines go to and answers come from; with `is_sure`, plain questions are not asked."""

    is_sure: bool = False
    output: TextIO = field(default_factory=lambda: sys.stdout)
    answers: TextIO = field(default_factory=lambda: sys.stdin)

    def __post_init__(self) -> None:
        # A letter that the terminal lacks shows as a question mark, instead of ending with an error.
        if isinstance(self.output, io.TextIOWrapper):
            self.output.reconfigure(errors="replace")

    def say(self, *lines: str) -> None:
        """Print lines."""
        print(*lines, sep="\n", file=self.output, flush=True)

    def step(self, name: str, outcome: str) -> None:
        """Print what became of a step."""
        self.say(f"  {name:<16}{outcome}")

    def agrees(self, question: str) -> bool:
        """Ask for yes or no, unless the user was sure beforehand.

        Raises CommandError if nobody answers.
        """
        if self.is_sure:
            return True
        return self._ask(f"{question} [y/N] ", "Add --yes to go on without a question.") in {"y", "yes"}

    def types(self, word: str, question: str, otherwise: str) -> bool:
        """Ask for a word to be typed, sure or not.

        Raises CommandError if nobody answers; `otherwise` says what to do then.
        """
        return self._ask(f"{question} Type {word} to go on: ", otherwise) == word

    def _ask(self, question: str, otherwise: str) -> str:
        print(question, end="", file=self.output, flush=True)
        answer = self.answers.readline()
        if not answer:
            self.say("")
            raise CommandError(f"Nobody is here to answer. {otherwise}")
        return answer.strip().lower()
