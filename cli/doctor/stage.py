"""The stage that is looked at: its settings, its AWS services and its app."""

import threading
from argparse import Namespace
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.ports import HOST
from tooling.aws_errors import code_of
from tooling.deployed_stage import find_deployed_stage, read_agent_token
from tooling.stages import LOCAL, Deployed, deployable_stage, read_config, read_deployed

CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2})
LOCAL_CONFIG = CONFIG.merge(Config(signature_version="v4", s3={"addressing_style": "path"}))
NO_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
GONE = NO_QUEUE | {
    *("ResourceNotFoundException", "ValidationException", "NoSuchBucket", "404", "NotFound"),
}
"""What AWS answers about something that is not there; Bedrock finds an id invalid that it does not know."""
RESTART = "Stop `python3 dev.py run` and start it again."
APP_SECONDS = 35
"""A cold start and a deep look at the health."""


class Problem(Exception):
    """What a check found, and what to do about it."""

    def __init__(self, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix


class Stage:
    """A stage by its name. Raises CommandError for one that is not deployed."""

    def __init__(self, options: Namespace, root: Path) -> None:
        self.name: str = options.stage
        self.is_local = self.name == LOCAL
        self.root = root
        self.deployed: Deployed | None = None
        if self.is_local:
            self.variables: Mapping[str, str] = read_config(root)["stages"][LOCAL]["environment_variables"]
            self.url = f"http://{HOST}:{options.port}"
            self.configuration: Mapping[str, Any] = {}
            self._endpoint: str | None = f"http://{HOST}:{options.aws_port}"
            region = self.variables["AWS_DEFAULT_REGION"]
        else:
            stage = find_deployed_stage(self.name, root)
            self._stage = stage
            self.configuration = deployable_stage(read_config(root), self.name)
            self.variables = self.configuration["environment_variables"]
            self.deployed = read_deployed(root, self.name)
            self.url = stage.url
            self._endpoint = None
            region = stage.region
        self.session = boto3.Session(
            region_name=region,
            aws_access_key_id=self.variables.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=self.variables.get("AWS_SECRET_ACCESS_KEY"),
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._health: dict[str, Any] | None = None
        self._asking = threading.Lock()

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        with self._lock:
            if service not in self._clients:
                config = LOCAL_CONFIG if self.is_local else CONFIG
                session: Any = self.session
                self._clients[service] = session.client(service, endpoint_url=self._endpoint, config=config)
            return self._clients[service]

    def get(self, path: str, is_agent: bool = True) -> requests.Response:
        """Ask the app. Raises Problem when it does not answer."""
        headers = {"Authorization": f"Bearer {self.agent_token}"} if is_agent else {}
        with requests.Session() as http:
            # A proxy to the internet must not be used for a local address.
            http.trust_env = not self.is_local
            try:
                return http.get(self.url + path, headers=headers, timeout=APP_SECONDS)
            except requests.RequestException:
                raise Problem(f"nothing answers at {self.url}", self._start) from None

    def read(self, path: str) -> dict[str, Any]:
        """Ask the app as an agent, and return what it answers. Raises Problem for an error."""
        response = self.get(path)
        if not response.ok:
            raise Problem(f"GET {path} answers {response.status_code}", self.logs)
        answer: dict[str, Any] = response.json()
        return answer

    @cached_property
    def agent_token(self) -> str:
        """A token of the stage's agents. Raises CommandError, BotoCoreError, ClientError."""
        return AGENT_TOKEN if self.is_local else read_agent_token(self._stage, self.session)

    @property
    def health(self) -> dict[str, Any]:
        """What the app says of itself and what it depends on. Raises Problem.

        All checks see one answer: containers of the app may have looked at different times, and one caller
        may not ask often.
        """
        with self._asking:
            if self._health is None:
                response = self.get("/health?deep=1", is_agent=False)
                if not response.ok:
                    raise Problem(f"GET /health?deep=1 answers {response.status_code}", self.logs)
                self._health = response.json()
            return self._health

    def clock_skew_seconds(self) -> float:
        """Return by how much this machine's clock is ahead of the stage's. Raises Problem."""
        date = self.get("/health", is_agent=False).headers["Date"]
        return (datetime.now(timezone.utc) - parsedate_to_datetime(date)).total_seconds()

    def secret(self, variable: str) -> str:
        """Return what a secret holds, by the setting that names it. Raises ClientError."""
        text: str = self.client("secretsmanager").get_secret_value(SecretId=self.variables[variable])[
            "SecretString"
        ]
        return text

    def table(self, name: str) -> str:
        """Return the name of a table in this stage."""
        return name + self.variables.get("TABLE_SUFFIX", "")

    def counted(self, key: str) -> int:
        """Return the value of a counter; 0 for one that is not there yet."""
        name = self.table("support-state")
        get = partial(self.client("dynamodb").get_item, TableName=name, Key={"pk": {"S": key}})
        item = self.ask(get, name).get("Item", {})
        return int(item.get("value", {"N": "0"})["N"])

    def ask(self, call: Callable[[], Any], name: str) -> Any:
        """Return what AWS says of something. Raises Problem when it is not there, else as boto3 does."""
        try:
            return call()
        except ClientError as error:
            if code_of(error) not in GONE:
                raise
            raise Problem(f"{name} does not exist", self.rebuild) from None

    @property
    def rebuild(self) -> str:
        """What makes again what the stack should hold."""
        return (
            RESTART
            if self.is_local
            else f"Run `python3 dev.py infra {self.name}`, then `deploy {self.name}`."
        )

    @property
    def redeploy(self) -> str:
        """What makes again what comes with the app."""
        return RESTART if self.is_local else f"Run `python3 dev.py deploy {self.name}`."

    @property
    def unreachable(self) -> str | None:
        """What to say when AWS does not answer; None leaves it to others."""
        return f"The local stack does not answer at {self._endpoint}." if self.is_local else None

    @property
    def logs(self) -> str:
        """Where the reason of an error stands."""
        if self.is_local:
            return "The reason stands in the terminal of `python3 dev.py run`."
        return "The reason stands in the log group of api_handler: docs/runbook.md says how to find it."

    @property
    def _start(self) -> str:
        if self.is_local:
            return "Start it with `python3 dev.py run`, or name its port with --port."
        return self.redeploy
