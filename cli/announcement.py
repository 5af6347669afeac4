"""What the user reads when everything is running, and at the end."""

import sys
from argparse import Namespace
from pathlib import Path

from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.bedrock.search.local_embedder import LocalEmbedder
from devstack.ports import HOST
from devstack.stack import mail_folder
from tooling.environment import ModelEndpoints

Rows = list[tuple[str, str]]


def ready(options: Namespace, models: ModelEndpoints) -> str:
    """Return the block that says where everything is, what is a stand-in, and how to stop."""
    rows = _app_rows(options) if options.command == "run" else _stack_rows(options)
    rows += [
        ("Event log", str(events_log(options.data_dir))),
        ("Mails", str(mail_folder(options.data_dir))),
        ("AWS endpoint", f"http://{HOST}:{options.aws_port} (any credentials)"),
        ("Data", f"{options.data_dir} (documents and customers survive a restart, chats do not)"),
        *_stand_ins(models),
        ("Stop", "Ctrl-C"),
    ]
    width = max(len(name) for name, _ in rows)
    body = "\n".join(f"  {name:<{width}}  {text}" for name, text in rows)
    return f"\nReady.\n{body}\n"


def goodbye(options: Namespace) -> str:
    """Return the last line."""
    return f"\nStopped. Your data stays in {options.data_dir}."


def app_log(data_dir: Path) -> Path:
    """Return where the app's output goes."""
    return data_dir / "logs" / "app.log"


def host_page_log(data_dir: Path) -> Path:
    """Return where the output of the sample shop goes."""
    return data_dir / "logs" / "host-page.log"


def events_log(data_dir: Path) -> Path:
    """Return where the output of the event handlers goes."""
    return data_dir / "logs" / "events.log"


def _app_rows(options: Namespace) -> Rows:
    return [
        ("Chat page", f"http://{HOST}:{options.port}/"),
        ("Host page", f"http://{HOST}:{options.host_page_port}/ (a shop with the chat as a widget)"),
        ("Agents", f"http://{HOST}:{options.port}/agent"),
        ("Agent token", AGENT_TOKEN),
        ("App log", str(app_log(options.data_dir))),
    ]


def _stack_rows(options: Namespace) -> Rows:
    if options.aws_port == 4566:
        return [("App", f"start it with: {_program('chalice')} local --stage local --no-autoreload")]
    port = str(options.aws_port)
    return [("App", f"start it with: {sys.executable} -m devstack.app.server --port 8000 --aws-port {port}")]


def _stand_ins(models: ModelEndpoints) -> Rows:
    real_model = f"{models.llm_model} at {models.llm_url}" if models.llm_url else None
    answers = real_model or "an extractive model, not Claude"
    meaning = f"{models.embed_model} at {models.embed_url}" if models.embed_url else LocalEmbedder.name
    return [
        ("Stand-ins", f"Bedrock: {answers}; guardrail by word lists"),
        ("", f"Search: by words and by meaning ({meaning})"),
        ("", "DynamoDB, S3, SQS and Secrets Manager: moto. Postgres is real"),
    ]


def _program(name: str) -> Path:
    """Return a program of the environment that runs this."""
    return Path(sys.executable).with_name(name)
