"""The documentation names only what there is: files, sections, commands, options, settings, prices."""

import argparse
import importlib.util
import re
import shlex
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from app import app
from bench.cost.__main__ import PAGE as COST_PAGE
from bench.cost.__main__ import rewritten
from bench.cost.prompt_tokens import prompt_tokens
from bench.cost.stage import DEV, DEV_WITHOUT_POSTGRES, PROD, PROMPT_TOKENS, SECRETS, STORAGE_GB, idle
from chalicelib.api.chat import ChatRequest, ContactRequest, FeedbackRequest
from chalicelib.api.cors import PREFLIGHT
from chalicelib.api.http import OF_CHALICE, OUR_FAULT, STATUSES
from chalicelib.api.tickets import (
    DraftRequest,
    ReplyRequest,
    TicketChangeRequest,
    TicketFeedbackRequest,
    TicketRequest,
)
from chalicelib.settings import SETTINGS, default_of
from cli.options import build_parser
from cli.test import CHECKS
from deployment.gateway import RESPONSES
from deployment.settings_page import PAGE as SETTINGS_PAGE
from deployment.settings_page import render
from tests.builders import customer_proof
from tooling.project import ROOT
from tooling.stages import read_config
from tooling.template import Template

TEMPLATE = ROOT / "infra" / "rds_kb.yaml"
API_PAGE = ROOT / "docs" / "api.md"
SECURITY_PAGE = ROOT / "docs" / "security.md"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "samples/README.md")),
    ROOT / "samples" / "ticketing" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

FENCE = re.compile(r"^\s*```(?P<language>\w*)\n(?P<content>.*?)^\s*```\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*\]\((?P<target>[^)\s]+)\)|<img src=\"(?P<image>[^\"]+)\"")
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?:python3 dev\.py|py dev\.py|python dev\.py)(?P<arguments>(?: [^\n`|#;&]+)?)")
SETTING = re.compile(r"`(?:\$env:)?(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`")
NOT_OF_THE_APP = re.compile(
    r"AWS_\w+|LOCAL_(?:LLM|EMBED)_\w+|LIVE_API_URL|PIP_INDEX_URL|HTTPS_PROXY"
    # States of CloudFormation and of Bedrock's jobs, answers of API Gateway, values of parameters.
    r"|(?:UPDATE_)?ROLLBACK_\w+|(?:CREATE|DELETE)_FAILED|IN_PROGRESS|INTEGRATION_TIMEOUT"
    r"|S3_VECTORS|OPENSEARCH_SERVERLESS"
)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@every_page
def test_a_link_leads_to_a_file_and_to_a_section_of_it(page: Path) -> None:
    broken = [target for target in _links(page) if not _leads_somewhere(page, target)]

    assert not broken


@every_page
def test_a_fence_is_closed(page: Path) -> None:
    left_over = FENCE.sub("", page.read_text("utf-8"))

    assert "```" not in left_over


@every_page
def test_a_diagram_is_of_a_kind_that_mermaid_knows_and_is_closed(page: Path) -> None:
    for fence in FENCE.finditer(page.read_text("utf-8")):
        if fence["language"] == "mermaid":
            lines = [line.split() for line in fence["content"].splitlines() if line.strip()]
            first_words = [line[0] for line in lines]
            # In these diagrams a semicolon ends a line.
            assert first_words[0] != "sequenceDiagram" or ";" not in fence["content"]

            assert first_words[0] in {"flowchart", "sequenceDiagram"}
            assert first_words.count("end") == sum(w in {"subgraph", "par", "alt"} for w in first_words)


@every_page
def test_a_command_of_dev_py_is_one_that_it_takes(page: Path) -> None:
    refused = [command for command in _commands(page) if not _is_taken(command)]

    assert not refused


@every_page
def test_a_setting_is_one_that_the_app_reads(page: Path) -> None:
    known = {name.upper() for name in SETTINGS} | {"STAGE"}
    named = {match["name"] for match in SETTING.finditer(page.read_text("utf-8"))}

    assert not {name for name in named - known if not NOT_OF_THE_APP.fullmatch(name)}


@every_page
def test_a_parameter_of_the_stack_is_one_of_the_template(page: Path) -> None:
    named = set(re.findall(r"--parameter (\w+)=", page.read_text("utf-8")))

    assert named - {"NAME"} <= set(Template(TEMPLATE).parameters)


@every_page
def test_a_module_that_is_run_is_there(page: Path) -> None:
    named = re.findall(r"python -m ((?:bench|deployment|devstack|cli)[\w.]*)", page.read_text("utf-8"))

    assert all(importlib.util.find_spec(name) for name in named)


def test_the_test_command_of_the_readme_is_what_ci_runs() -> None:
    (command,) = re.findall(r"exec (python3 dev\.py \w+)", (ROOT / ".ci" / "run").read_text("utf-8"))

    assert f"| `{command}` |" in (ROOT / "README.md").read_text("utf-8")


def test_pre_commit_runs_the_checks_of_the_test_command() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    entries = {hook["id"]: hook["entry"].split() for hook in repository["hooks"]}

    for step in ("lint", "format", "types"):
        assert entries[step] == [".venv/bin/python", *CHECKS[step]]


def test_every_option_of_the_deployment_is_explained() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    options = {
        option
        for name in ("infra", "deploy", "destroy")
        for action in _commands_of(build_parser())[name]._actions
        for option in action.option_strings
        if option not in {"-h", "--help"}
    }

    assert {option for option in options if f"`{option}" not in text and f" {option}" not in text} == set()


def test_each_test_that_the_security_page_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY_PAGE.read_text("utf-8"))

    assert named
    assert not [name for path, name in named if f"\ndef {name}(" not in (ROOT / path).read_text("utf-8")]


def test_the_security_page_names_every_risk_once() -> None:
    rows = re.findall(r"^\| (LLM|API)(\d+) ", SECURITY_PAGE.read_text("utf-8"), re.MULTILINE)

    assert rows == [
        (kind, f"{n:02}" if kind == "LLM" else f"{n}") for kind in ("LLM", "API") for n in range(1, 11)
    ]


def test_what_is_kept_is_kept_as_long_as_the_settings_say() -> None:
    stated = re.findall(r"(\d+) days \(`(\w+_RETENTION_DAYS)`\)", SECURITY_PAGE.read_text("utf-8"))
    defaults = {
        (str(default_of(name)), name.upper()) for name in SETTINGS if name.endswith("_retention_days")
    }

    assert set(stated) == defaults


def test_every_table_of_the_stack_is_described() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    names = re.findall(r"TableName: !Sub ([\w-]+)-\$\{Stage\}", TEMPLATE.read_text("utf-8"))

    assert names
    assert all(f"`{name}`" in text for name in names)


def test_every_event_in_the_log_is_listed_in_the_runbook() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "chalicelib").rglob("*.py"))
    events = set(re.findall(r"\blog(?:ger\.\w+)?\(\s*\"(\w+)\"", sources))

    assert {"request", "answered", "ingestion_ended"} <= events
    assert {event for event in events if f"| `{event}` |" not in text} == set()


def test_every_route_is_described() -> None:
    described = set(re.findall(r"^### ([A-Z]+ /\S*)$", API_PAGE.read_text("utf-8"), re.MULTILINE))

    routes = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}
    assert described == {route for route in routes if not route.startswith((f"{PREFLIGHT} ", "HEAD "))}


def test_every_code_of_an_error_is_described_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", API_PAGE.read_text("utf-8"), re.MULTILINE)
    described = {(int(status), code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    gateways = {(each.status, each.code) for each in RESPONSES.values() if each.status}

    assert described == {*STATUSES.values(), *_codes_of_chalice(), *gateways}


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("POST /chat", ChatRequest),
        ("POST /chat/{session_id}/feedback", FeedbackRequest),
        ("PUT /chat/{session_id}/contact", ContactRequest),
        ("POST /tickets", TicketRequest),
        ("PATCH /tickets/{ticket_id}", TicketChangeRequest),
        ("POST /tickets/{ticket_id}/replies", ReplyRequest),
        ("POST /tickets/{ticket_id}/draft", DraftRequest),
        ("POST /tickets/{ticket_id}/feedback", TicketFeedbackRequest),
    ],
)
def test_every_field_of_a_body_is_described(route: str, body: type[BaseModel]) -> None:
    text = _section_of(API_PAGE, route)

    assert {name for name in body.model_fields if f"`{name}`" not in text} == set()


def test_the_hash_of_the_python_example_proves_a_customer() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    (example,) = (f["content"] for f in FENCE.finditer(text) if "def customer_hash" in f["content"])
    scope: dict[str, Any] = {}
    exec(example, scope)  # noqa: S102 - a page of this repository
    customer_hash: Callable[..., str] = scope["customer_hash"]

    for expires in (None, 1_790_000_000):
        expected = customer_proof("CUST-1005", "the app secret", expires)
        assert customer_hash("the app secret", "CUST-1005", expires) == expected.customer_hash


def test_the_tables_of_costs_are_those_that_the_prices_make() -> None:
    page = COST_PAGE.read_text("utf-8")

    assert page == rewritten(page), "python -m bench.cost --write puts the new ones there"


def test_the_page_of_settings_is_what_their_class_and_the_stages_say() -> None:
    page = (ROOT / SETTINGS_PAGE).read_text("utf-8")

    assert page == render(read_config(ROOT)), "python -m deployment.settings_page writes it"


def test_the_costs_are_of_the_stack_that_the_template_describes() -> None:
    template = TEMPLATE.read_text("utf-8")

    assert template.count("VpcEndpointType: Interface") == 1
    assert (
        len(re.findall(r"Type: AWS::SecretsManager::Secret\n", template)) + 1 == SECRETS
    )  # RDS makes its own
    assert f'AllocatedStorage: "{STORAGE_GB}"' in template
    assert "!If [IsProd, db.t4g.small, db.t4g.micro]" in template
    assert (DEV.instance, PROD.instance) == ("RDS db.t4g.micro", "RDS db.t4g.small, Multi-AZ")


def test_dev_idles_at_40_dollars_a_month_or_at_3_without_postgres() -> None:
    assert sum(cost for _, cost in idle(DEV)) <= 40
    assert sum(cost for _, cost in idle(DEV_WITHOUT_POSTGRES)) <= 3


def test_the_costs_assume_prompts_as_long_as_they_are() -> None:
    assert statistics.mean(prompt_tokens()) == pytest.approx(PROMPT_TOKENS, rel=0.1)


def _codes_of_chalice() -> set[tuple[int, str]]:
    return {*((status, code) for status, (code, _) in OF_CHALICE.items()), (500, OUR_FAULT[0])}


def _section_of(page: Path, heading: str) -> str:
    after = page.read_text("utf-8").split(f"### {heading}\n", 1)[1]
    return re.split(r"^#", after, maxsplit=1, flags=re.MULTILINE)[0]


def _links(page: Path) -> Iterator[str]:
    text = FENCE.sub("", page.read_text("utf-8"))
    for match in LINK.finditer(text):
        target = match["target"] or match["image"]
        if not target.startswith(("https://", "http://")):
            yield target


def _leads_somewhere(page: Path, target: str) -> bool:
    path, _, section = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists():
        return False
    return not section or section in _sections(file)


def _sections(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = (match["text"] for match in HEADING.finditer(FENCE.sub("", page.read_text("utf-8"))))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _commands(page: Path) -> Iterator[list[str]]:
    for match in COMMAND.finditer(page.read_text("utf-8")):
        # Where arguments are left out, the command before them has to be one.
        yield ["--help" if word == "…" else word for word in shlex.split(match["arguments"])]


def _is_taken(command: list[str]) -> bool:
    if command[:1] == ["test"]:
        return True
    try:
        build_parser().parse_args(command)
    except SystemExit as exit_after_help_or_error:
        return exit_after_help_or_error.code == 0
    return True


def _commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (choices,) = (a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(choices)
