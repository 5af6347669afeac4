"""A golden set: what is asked of the assistant, and what must come of it, a JSON object a line."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from tooling.errors import CommandError

Expected = Literal["answer", "no_answer", "hand_over", "refused"]
Turn = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
"""As long as `POST /chat` takes it."""
MOST_SHOWN = 10


class Case(BaseModel):
    """A conversation of which the last answer is judged.

    `answer` cites one of the `sources` first: the title of an article, or the end of its address.
    `no_answer` cites nothing and opens no ticket, `refused` was stopped by the guardrail.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    turns: Annotated[tuple[Turn, ...], Field(min_length=1, max_length=10)]
    sources: tuple[Turn, ...] = ()
    expected: Expected = "answer"
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"
    tags: tuple[Turn, ...] = ()

    @model_validator(mode="after")
    def _check_sources(self) -> "Case":
        if self.expected == "answer" and not self.sources:
            raise ValueError("sources: an answer needs at least one")
        if self.expected != "answer" and self.sources:
            raise ValueError(f"sources: none belongs to {self.expected}")
        return self

    @property
    def case_id(self) -> str:
        """What the case is known by from run to run: another text is another case."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


def read_cases(path: Path) -> list[Case]:
    """Read a set. Raises CommandError, with every line that is wrong."""
    try:
        # Some editors begin a file with a mark; and a text may hold what splitlines() takes for an end.
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandError(f"{path} cannot be read: {reason}.") from None
    cases: dict[str, Case] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = Case.model_validate_json(line)
        except ValidationError as error:
            problems += [f"line {number}: {_problem(each)}" for each in error.errors(include_input=False)]
            continue
        if case.case_id in cases:
            problems.append(f"line {number}: the same case stands above")
        cases[case.case_id] = case
    if problems:
        raise CommandError("\n".join([f"{path} is not a set of cases:", *_shown(problems)]))
    if not cases:
        raise CommandError(f"{path} holds no case. docs/eval.md says how one looks.")
    return list(cases.values())


def _problem(error: object) -> str:
    place, message = error["loc"], error["msg"].removeprefix("Value error, ")  # type: ignore[index]
    return ": ".join([*(".".join(map(str, each)) for each in [place] if each), message])


def _shown(problems: Sequence[str]) -> list[str]:
    more = len(problems) - MOST_SHOWN
    return [*problems[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]
