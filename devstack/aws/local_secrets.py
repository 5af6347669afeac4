"""The secrets of this machine's copy: made once and kept in `secrets.json`, not in the repository."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.private_files import write_private
from tooling.errors import CommandError

AGENT_TOKEN = "local-agent-token"
AGENT_NAME = "Agent"


@dataclass(frozen=True)
class LocalSecrets:
    """What the app finds in Secrets Manager besides the database's address."""

    app_secret: str
    agent_tokens: Mapping[str, str]
    """By the name of their owner, whom customers see as the author of a reply."""


def load_or_create_secrets(path: Path) -> LocalSecrets:
    """Return the secrets of a data folder; sessions stay valid over a restart because the secret stays.

    Raises CommandError when the file holds something else.
    """
    if not path.exists():
        write_private(path, json.dumps({"app_secret": secrets.token_urlsafe(48)}).encode())
    try:
        app_secret = json.loads(path.read_text("utf-8"))["app_secret"]
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is damaged; delete it and a new one is made.") from error
    return LocalSecrets(app_secret=app_secret, agent_tokens={AGENT_NAME: AGENT_TOKEN})
