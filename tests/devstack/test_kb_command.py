"""`dev.py kb`: documents in and out of a bucket, of the local stack and of a deployed stage."""

import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.display import Line, columns, human_size, printable
from cli.kb.command import manage_documents
from cli.kb.files import choose
from cli.kb.sync import SyncApi, run_sync
from cli.kb.target import open_target
from cli.options import build_parser
from devstack.aws.clients import AwsClients
from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.aws.server import AwsServer
from devstack.bedrock.knowledge.sidecar import SUFFIX
from devstack.ports import HOST, free_port
from devstack.stage import read_local_stage
from tests.local_server import LocalHandler, LocalServer
from tooling.environment import API_URL
from tooling.errors import CommandError

STAGE = read_local_stage()
BUCKET = STAGE.documents_bucket
SECRET_ID = "dev/agent-tokens"


def with_access(access: object) -> str:
    """Return a metadata file that says who may read its document."""
    return json.dumps({"metadataAttributes": {"access": access}})


SIDECAR = json.dumps({"metadataAttributes": {"title": "The big guide", "source_url": "https://x.example/g"}})
AWKWARD = ["a b+c%25.md", "Ünï 日本.md", "'it' & co.md", "-dash.md"]


def job(job_id: str, status: str, failures: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    has_ended = status in {"COMPLETE", "FAILED"}
    return {
        "job_id": job_id,
        "status": status,
        "started_at": "2026-11-20T10:00:00.000+00:00",
        "ended_at": "2026-11-20T10:00:42.000Z" if has_ended else None,
        "trigger": "manual",
        "statistics": {"scanned": 31, "new": 1, "modified": 0, "deleted": 0, "failed": len(failures or [])},
        "failures": failures or [],
    }


def sync(*jobs: dict[str, Any], pending: bool = False, error: str | None = None) -> dict[str, Any]:
    return {
        "pending": pending,
        "last_change_at": "2026-11-20T09:59:59.000+00:00",
        "last_error": error,
        "jobs": list(jobs),
    }


@dataclass
class App:
    """Plays `/kb/sync`: the answers to GET in their order, the last one for ever."""

    port: int = 0
    gets: list[dict[str, Any]] = field(default_factory=list)
    started: str | None = "NEW"
    token: str = AGENT_TOKEN
    message: str | None = None
    posts: int = 0
    status: int = 200

    def answer(self, method: str, authorization: str | None) -> tuple[int, Any]:
        if authorization != f"Bearer {self.token}":
            return 403, {"Message": "User is not authorized"}
        if self.status != 200:
            return self.status, {"error": "The store is out of reach.", "code": "unavailable"}
        if method == "POST":
            self.posts += 1
            if self.message:
                return 202, {"status": "queued", "message": self.message}
            started = {"status": "started", "job_id": self.started}
            return 202, started if self.started else {"status": "queued"}
        return 200, self.gets.pop(0) if len(self.gets) > 1 else self.gets[0]


@pytest.fixture
def app() -> Iterator[App]:
    app = App(gets=[sync(job("NEW", "COMPLETE"))])

    class Handler(LocalHandler):
        def do_GET(self) -> None:
            status, body = app.answer(self.command, self.headers["Authorization"])
            self.answer(status, json.dumps(body).encode())

        do_POST = do_GET

    server = LocalServer(Handler)
    app.port = server.port
    yield app
    server.close()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[AwsServer]:
    server = AwsServer(0, lambda _environ, _start: [], threading.RLock(), lambda: None)
    yield server
    server.close()


@pytest.fixture(scope="module")
def clients(endpoint: AwsServer) -> AwsClients:
    return AwsClients(endpoint.url, STAGE)


@pytest.fixture
def aws(clients: AwsClients) -> Iterator[AwsClients]:
    """The local AWS, with an empty documents bucket."""
    clients.s3.create_bucket(Bucket=BUCKET)
    yield clients
    for key in keys(clients):
        clients.s3.delete_object(Bucket=BUCKET, Key=key)
    clients.s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Give the environment back: the command forgets the AWS settings in it."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@dataclass
class Kb:
    """The command, with the ports of a local stage and the project folder of a deployed one."""

    endpoint: AwsServer
    app: App
    root: Path

    def run(self, action: str, *arguments: str, stage: str = "local") -> int:
        aws_port = self.endpoint.url.rsplit(":", 1)[1]
        options = ["--stage", stage, "--aws-port", aws_port, "--port", str(self.app.port)]
        parsed = build_parser().parse_args(["kb", action, *options, *arguments])
        return manage_documents(parsed, self.root)

    def deploy(self, **variables: str) -> None:
        """Give the project a deployed stage `dev`, whose AWS and app are the ones here."""
        (self.root / ".chalice" / "deployed").mkdir()
        self.note_deployed(self.app.port)
        self.configure(DOCUMENTS_BUCKET=BUCKET, AGENT_TOKENS_SECRET_ID=SECRET_ID, **variables)
        os.environ.update(
            AWS_ENDPOINT_URL=self.endpoint.url,
            AWS_ACCESS_KEY_ID="k",
            AWS_SECRET_ACCESS_KEY="s",
            AWS_DEFAULT_REGION="us-east-1",
        )

    def note_deployed(self, port: int) -> None:
        """Write what Chalice writes after a deployment."""
        api = {"name": "rest_api", "resource_type": "rest_api", "rest_api_url": f"http://{HOST}:{port}/"}
        path = self.root / ".chalice" / "deployed" / "dev.json"
        path.write_text(json.dumps({"resources": [api]}))

    def configure(self, **variables: str) -> None:
        path = self.root / ".chalice" / "config.json"
        config = json.loads(path.read_text())
        config["stages"]["dev"] = {"environment_variables": variables, "lambda_functions": {}}
        path.write_text(json.dumps(config))


@pytest.fixture
def kb(endpoint: AwsServer, app: App, tmp_path: Path) -> Kb:
    root = tmp_path / "project"
    (root / ".chalice").mkdir(parents=True)
    config = Path(__file__).parents[2] / ".chalice" / "config.json"
    (root / ".chalice" / "config.json").write_text(
        json.dumps({"stages": {"local": json.loads(config.read_text("utf-8"))["stages"]["local"]}})
    )
    return Kb(endpoint, app, root)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder


def keys(aws: AwsClients) -> set[str]:
    return {each["Key"] for each in aws.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def put(aws: AwsClients, *names: str, body: str = "text") -> None:
    for name in names:
        aws.s3.put_object(Bucket=BUCKET, Key=name, Body=body.encode())


def make(folder: Path, *names: str, content: str = "# A guide") -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    return [str(folder / name) for name in names]


@pytest.mark.parametrize(
    "arguments", [["kb"], ["kb", "add"], ["kb", "add", ""], ["kb", "rm"], ["kb", "move"]]
)
def test_what_is_no_action_is_refused_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(arguments)
    assert "usage: dev.py kb" in capsys.readouterr().err


def test_a_file_and_a_folder_are_added_with_their_metadata(
    kb: Kb, aws: AwsClients, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(folder, "sub/one.md", "sub/.hidden.md", "two.txt")
    make(folder, f"sub/one.md{SUFFIX}", content=SIDECAR)
    (single,) = make(folder.parent, "single.md")
    assert kb.run("add", str(folder), single, "--prefix", "guides") == 0
    expected = {"guides/sub/one.md", f"guides/sub/one.md{SUFFIX}", "guides/two.txt", "guides/single.md"}
    assert keys(aws) == expected
    output = capsys.readouterr().out
    assert "[4/4] guides/single.md  9 B" in output
    assert "NEW ended: COMPLETE; documents: 31 scanned, 1 new" in output
    assert kb.app.posts == 1


@pytest.mark.parametrize("name", AWKWARD)
def test_any_name_is_added_listed_and_removed(
    kb: Kb, aws: AwsClients, folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kb.run("add", *make(folder, name)) == 0
    assert keys(aws) == {name}
    assert kb.run("ls") == 0
    assert name in capsys.readouterr().out
    assert kb.run("rm", "--", name) == 0
    assert keys(aws) == set()


def test_what_bedrock_would_not_take_is_named_and_the_rest_is_added(
    kb: Kb, aws: AwsClients, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, picture, sidecar = make(folder, "good.md", "picture.bmp", f"orphan.md{SUFFIX}")
    assert kb.run("add", picture, good, sidecar, str(folder / "missing.md")) == 1
    assert keys(aws) == {"good.md"}
    problems = capsys.readouterr().err
    assert "picture.bmp: Bedrock does not read this kind of file" in problems
    assert "missing.md: there is no such file" in problems
    assert "is not JSON" in problems


def test_without_waiting_only_the_bucket_is_needed(
    kb: Kb, aws: AwsClients, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kb.app.status = 503
    assert kb.run("add", "--no-wait", *make(folder, "a.md")) == 0
    assert keys(aws) == {"a.md"}
    assert "kb status" in capsys.readouterr().out


def test_nothing_is_uploaded_when_the_app_does_not_answer(
    kb: Kb, aws: AwsClients, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kb.app.port = free_port()
    assert kb.run("add", *make(folder, "a.md")) == 1
    assert keys(aws) == set()
    assert "python3 dev.py run" in capsys.readouterr().err


def test_an_app_lost_after_the_upload_leaves_the_upload_done(
    kb: Kb, aws: AwsClients, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kb.app.gets = [sync(), {"error": "not ours"}]
    assert kb.run("add", *make(folder, "a.md")) == 1
    assert keys(aws) == {"a.md"}
    assert "The upload is done." in capsys.readouterr().err


@pytest.mark.parametrize(("failed", "code"), [("a.md", 1), ("another.pdf", 0), (None, 0)])
def test_a_failed_file_is_shown_and_is_an_error_if_it_was_added(
    kb: Kb, aws: AwsClients, folder: Path, failed: str | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    failures = [{"file": failed, "reason": "It is damaged."}]
    kb.app.gets = [sync(), sync(job("NEW", "COMPLETE", failures))]
    assert kb.run("add", *make(folder, "a.md")) == code
    assert f"  {failed or '(no file named)'}: It is damaged." in capsys.readouterr().out


def counted(job_id: str, new: int, *failed: str) -> dict[str, Any]:
    one = job(job_id, "COMPLETE", [{"file": name, "reason": "It is damaged."} for name in failed])
    return {**one, "statistics": {**one["statistics"], "new": new}}


def test_all_syncs_of_an_upload_count_and_earlier_failures_are_not_listed(
    kb: Kb, aws: AwsClients, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = counted("OLD", 7, "old.pdf")
    now = [counted("NEW", 0, "old.pdf", "b.md"), counted("EVENT", 2, "old.pdf", "b.md"), old]
    kb.app.gets = [sync(old), sync(*now)]
    assert kb.run("add", *make(folder, "a.md", "b.md", "c.md")) == 1
    output = capsys.readouterr().out
    assert "NEW ended: COMPLETE, the last of 2; documents: 31 scanned, 2 new" in output
    assert "Indexed: 2 of the 3 added.\nNot indexed:\n  b.md: It is damaged.\nAs before, 1 other" in output


def test_the_list_shows_size_readers_and_title_of_each_document(
    kb: Kb, aws: AwsClients, capsys: pytest.CaptureFixture[str]
) -> None:
    put(aws, "guide.md", body="x" * 2048)
    put(aws, f"guide.md{SUFFIX}", body=SIDECAR)
    put(aws, f"gone.md{SUFFIX}", "other.md")
    put(aws, f"other.md{SUFFIX}", body="{")
    put(aws, f"pay.md{SUFFIX}", "pay.md", body=with_access(["agent", "premium"]))
    put(aws, f"plan.md{SUFFIX}", "plan.md", body=with_access("Premium"))
    assert kb.run("ls") == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["KEY", "SIZE", "CHANGED", "READERS", "TITLE"]
    keys = [f"gone.md{SUFFIX}", "guide.md", "other.md", "pay.md", "plan.md"]
    assert [line.split()[0] for line in lines] == keys
    assert "2.0 KB" in lines[1]
    assert re.search(r"  everybody +The big guide$", lines[1])
    assert lines[2].endswith("(its metadata file cannot be read)")
    assert lines[3].endswith("premium, agent")
    assert lines[4].endswith("nobody (see its access)")


def test_an_empty_bucket_is_said_to_be_empty(
    kb: Kb, aws: AwsClients, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kb.run("ls") == 0
    assert "no documents" in capsys.readouterr().out


def test_a_document_is_removed_with_its_metadata(kb: Kb, aws: AwsClients) -> None:
    put(aws, "a.md", f"a.md{SUFFIX}", "b.md")
    assert kb.run("rm", "a.md") == 0
    assert keys(aws) == {"b.md"}


def test_a_folder_is_removed_with_all_that_is_in_it(
    kb: Kb, aws: AwsClients, capsys: pytest.CaptureFixture[str]
) -> None:
    put(aws, "guides/a.md", f"guides/a.md{SUFFIX}", "guides/sub/b.md", "guides.md", "other/a.md")
    assert kb.run("rm", "guides/", "guides/a.md") == 0
    assert keys(aws) == {"guides.md", "other/a.md"}
    assert kb.run("rm", "guides/") == 1
    assert "a folder ends with a slash" in capsys.readouterr().err


def test_a_reader_that_leaves_early_hears_no_complaint(kb: Kb, aws: AwsClients) -> None:
    put(aws, *(f"{number}.md" for number in range(200)))
    command = [sys.executable, "-m", "cli", "kb", "ls", "--aws-port", kb.endpoint.url.rsplit(":", 1)[1]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listing:
        assert listing.stdout
        assert listing.stderr
        listing.stdout.close()
        assert listing.stderr.read() == b""
    assert listing.returncode == 0


def test_with_an_unknown_key_nothing_is_removed(
    kb: Kb, aws: AwsClients, capsys: pytest.CaptureFixture[str]
) -> None:
    put(aws, "a.md")
    assert kb.run("rm", "a.md", "b.md") == 1
    assert keys(aws) == {"a.md"}
    assert "no document b.md" in capsys.readouterr().err


def test_an_empty_key_is_an_unknown_one(kb: Kb, aws: AwsClients, capsys: pytest.CaptureFixture[str]) -> None:
    put(aws, "a.md")
    assert kb.run("rm", "a.md", "") == 1
    assert keys(aws) == {"a.md"}
    assert "no document without a name" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "code"), [("COMPLETE", 0), ("FAILED", 1)])
def test_a_sync_is_followed_to_its_end(
    kb: Kb, status: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    kb.app.gets = [sync(job("NEW", "IN_PROGRESS")), sync(job("NEW", status))]
    assert kb.run("sync") == code
    assert f"NEW ended: {status}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (sync(job("A", "COMPLETE")), "Up to date; last change 2026-11-"),
        (sync(job("A", "COMPLETE"), pending=True, error="Throttling"), "about to start"),
        (sync(job("A", "COMPLETE"), pending=True, error="Throttling"), "start one: Throttling"),
        (sync(job("A", "FAILED"), pending=True, error="JobFailed"), "did not finish, so it is done again"),
        (sync(job("A", "IN_PROGRESS"), pending=True), "running, and another one will follow"),
        (sync(), "Up to date"),
        ({**sync(pending=True), "paused_until": "2026-11-20T12:00:00.000+00:00"}, "No sync starts while"),
    ],
)
def test_the_status_says_how_the_sync_stands(
    kb: Kb, answer: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kb.app.gets = [answer]
    assert kb.run("status") == 0
    assert said in capsys.readouterr().out


def test_the_status_names_what_the_newest_finished_job_could_not_index(
    kb: Kb, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = [{"file": "broken.pdf", "reason": "It is damaged."}]
    kb.app.gets = [sync(job("C", "IN_PROGRESS"), job("B", "COMPLETE", broken), job("A", "COMPLETE"))]
    assert kb.run("status") == 0
    output = capsys.readouterr().out
    assert "  broken.pdf: It is damaged." in output
    assert "42 s" in output


def test_a_local_stack_that_does_not_run_is_said_with_the_next_step(
    kb: Kb, capsys: pytest.CaptureFixture[str]
) -> None:
    parsed = build_parser().parse_args(["kb", "ls", "--aws-port", str(free_port())])
    assert manage_documents(parsed, kb.root) == 1
    assert "does not answer" in (problem := capsys.readouterr().err)
    assert "python3 dev.py run" in problem


@pytest.mark.parametrize(
    "secret", [json.dumps({"zendesk": "t0ken"}), json.dumps(["t0ken", "old"]), "t0ken", "12345"]
)
def test_a_deployed_stage_has_its_own_token_and_cheaper_storage(
    kb: Kb, aws: AwsClients, folder: Path, secret: str
) -> None:
    kb.deploy()
    kb.app.token = "12345" if secret == "12345" else "t0ken"
    with agent_tokens(aws, secret):
        assert kb.run("add", *make(folder, "a.md"), stage="dev") == 0
    (stored,) = aws.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert (stored["Key"], stored["StorageClass"]) == ("a.md", "INTELLIGENT_TIERING")


def test_an_address_of_ones_own_goes_before_that_of_the_deployment(kb: Kb, aws: AwsClients) -> None:
    kb.deploy()
    os.environ[API_URL] = f"http://{HOST}:{kb.app.port}/"
    kb.app.token = "t0ken"
    kb.note_deployed(free_port())
    with agent_tokens(aws, "t0ken"):
        assert kb.run("status", stage="dev") == 0
        del os.environ[API_URL]
        assert kb.run("status", stage="dev") == 1


def test_a_deployed_stage_is_looked_for_in_its_own_region(kb: Kb) -> None:
    kb.deploy()
    secret = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:customer-support/dev/agent-tokens-EXAMPL"
    kb.configure(DOCUMENTS_BUCKET=BUCKET, AGENT_TOKENS_SECRET_ID=secret)
    options = build_parser().parse_args(["kb", "ls", "--stage", "dev"])
    assert os.environ["AWS_DEFAULT_REGION"] == "us-east-1"
    assert open_target(options, kb.root).s3.meta.region_name == "eu-west-2"


@contextmanager
def agent_tokens(aws: AwsClients, secret: str) -> Iterator[None]:
    aws.secrets.create_secret(Name=SECRET_ID, SecretString=secret)
    try:
        yield
    finally:
        aws.secrets.delete_secret(SecretId=SECRET_ID, ForceDeleteWithoutRecovery=True)


def test_a_refused_token_is_said(kb: Kb, aws: AwsClients, capsys: pytest.CaptureFixture[str]) -> None:
    kb.deploy()
    kb.app.token = "another"
    with agent_tokens(aws, "t0ken"):
        assert kb.run("status", stage="dev") == 1
    assert "refused the agent token" in capsys.readouterr().err


def test_a_secret_without_tokens_is_said(kb: Kb, aws: AwsClients, capsys: pytest.CaptureFixture[str]) -> None:
    kb.deploy()
    with agent_tokens(aws, "{}"):
        assert kb.run("status", stage="dev") == 1
    assert "holds no agent token" in capsys.readouterr().err


def test_an_unknown_stage_is_said_with_those_there_are(kb: Kb, capsys: pytest.CaptureFixture[str]) -> None:
    kb.configure()
    assert kb.run("ls", stage="qa") == 1
    assert "no stage qa to deploy. Known are: dev." in capsys.readouterr().err


def test_a_stage_without_settings_or_deployment_is_said(kb: Kb, capsys: pytest.CaptureFixture[str]) -> None:
    kb.configure(DOCUMENTS_BUCKET=BUCKET)
    assert kb.run("ls", stage="dev") == 1
    assert "no AGENT_TOKENS_SECRET_ID" in (problem := capsys.readouterr().err)
    assert "dev.py deploy dev" in problem
    kb.configure(DOCUMENTS_BUCKET=BUCKET, AGENT_TOKENS_SECRET_ID=SECRET_ID)
    assert kb.run("ls", stage="dev") == 1
    assert "not deployed from this copy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "said"),
    [({"AWS_PROFILE": "nobody"}, "nobody"), ({}, "No usable AWS credentials")],
)
def test_missing_credentials_are_said(
    kb: Kb, variables: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kb.deploy()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del os.environ[name]
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        **variables,
    )
    assert kb.run("ls", stage="dev") == 1
    assert said in (problem := capsys.readouterr().err)
    assert "aws configure" in problem


def test_a_failing_upload_is_explained_by_what_aws_answered(
    kb: Kb, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kb.run("add", "--no-wait", *make(folder, "a.md")) == 1
    assert "NoSuchBucket" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.md", b"", "the file is empty"),
        ("large.pdf", b"x" * (50 * 1024 * 1024 + 1), "it has 50.0 MB"),
        ("page.htm", b"x", "does not read this kind"),
        ("none", b"x", "does not read this kind"),
        ("latin.csv", "Größe;4".encode("latin-1"), "Save it with the encoding UTF-8"),
        ("broken.pdf", b"%PDF-1.4", "The PDF is damaged"),
        ("rich.docx", rb"{\rtf1}", "It is a rich text file"),
    ],
)
def test_a_file_is_refused_for_its_content(folder: Path, name: str, content: bytes, reason: str) -> None:
    (folder / name).write_bytes(content)
    choice = choose([folder / name], "")
    assert choice.uploads == ()
    assert reason in choice.refusals[0].reason


def test_a_file_that_only_bedrock_reads_is_uploaded_unread(folder: Path) -> None:
    (folder / "sheet.xls").write_bytes(b"x")
    assert choose([folder / "sheet.xls"], "").keys == {"sheet.xls"}


@pytest.mark.parametrize("sidecar", ["{", "[]", json.dumps({"metadataAttributes": {"title": "x" * 1_536}})])
def test_a_document_is_refused_with_its_broken_metadata_file(folder: Path, sidecar: str) -> None:
    (document,) = make(folder, "guide.md")
    make(folder, f"guide.md{SUFFIX}", content=sidecar)
    choice = choose([Path(document)], "")
    assert choice.uploads == ()
    assert f"guide.md{SUFFIX}: " in choice.refusals[0].reason


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        (
            {"access": "Premium"},
            "'access' is 'Premium'. Write \"public\", or a list of customer,",
        ),
        ({"access": ["gold"]}, "names 'gold'"),
        ({"access": []}, r"is []"),
        ({"access": {"value": {"type": "STRING", "stringValue": "agent"}}}, "is 'agent'"),
        ({"ACCESS": ["agent"]}, "'ACCESS' is meant to be 'access'"),
        ({"acess": ["agent"]}, "'acess' is almost 'access'"),
    ],
    ids=str,
)
def test_a_document_whose_readers_are_unclear_is_refused_by_name(
    folder: Path, attributes: dict[str, Any], named: str
) -> None:
    (document,) = make(folder, "guide.md")
    make(folder, f"guide.md{SUFFIX}", content=json.dumps({"metadataAttributes": attributes}))
    choice = choose([Path(document)], "")
    assert choice.uploads == ()
    assert choice.refusals[0].name == document
    assert f"guide.md{SUFFIX}: " in choice.refusals[0].reason
    assert named in choice.refusals[0].reason


@pytest.mark.parametrize(
    "attributes",
    [
        {"access": ["agent"]},
        {"access": "public", "process": "a", "accessory": "b"},
        {"access": {"value": {"type": "STRING_LIST", "stringListValue": ["premium"]}}},
    ],
    ids=str,
)
def test_a_document_with_readers_is_uploaded(folder: Path, attributes: dict[str, Any]) -> None:
    (document,) = make(folder, "guide.md")
    make(folder, f"guide.md{SUFFIX}", content=json.dumps({"metadataAttributes": attributes}))
    assert choose([Path(document)], "").keys == {"guide.md"}


def test_a_metadata_file_comes_before_its_document_and_may_come_alone(folder: Path) -> None:
    document, sidecar = make(folder, "guide.md", f"guide.md{SUFFIX}", content=SIDECAR)
    assert [each.key for each in choose([Path(document)], "").uploads] == [f"guide.md{SUFFIX}", "guide.md"]
    assert [each.key for each in choose([Path(sidecar)], "").uploads] == [f"guide.md{SUFFIX}"]
    assert choose([Path(sidecar)], "").keys == frozenset()


def test_two_files_that_would_get_one_name_are_not_both_taken(folder: Path) -> None:
    first, second = make(folder, "one/guide.md", "two/guide.md")
    choice = choose([Path(first), Path(second), Path(first)], "")
    assert [str(each.path) for each in choice.uploads] == [first]
    assert "same name in the bucket" in choice.refusals[0].reason


def test_a_name_too_long_for_s3_is_refused(folder: Path) -> None:
    (document,) = make(folder, "ü" * 100 + ".md")
    assert choose([Path(document)], "p" * 820).refusals == ()
    assert "1025 bytes" in choose([Path(document)], "p" * 821).refusals[0].reason


@pytest.mark.parametrize("prefix", ["", "/"])
def test_an_empty_prefix_is_none(folder: Path, prefix: str) -> None:
    (document,) = make(folder, "guide.md")
    assert choose([Path(document)], prefix).keys == {"guide.md"}


def test_a_pattern_that_the_shell_left_alone_is_expanded(folder: Path) -> None:
    make(folder, "a.md", "b.md", "c.txt")
    assert choose([folder / "*.md"], "").keys == {"a.md", "b.md"}


def test_a_folder_without_files_is_refused(folder: Path) -> None:
    assert "holds no files" in choose([folder], "").refusals[0].reason


def local_api(app: App) -> SyncApi:
    return SyncApi(f"http://{HOST}:{app.port}", AGENT_TOKEN, "Start it.", is_local=True)


def test_a_queued_sync_is_that_which_covers_the_request(app: App) -> None:
    app.started = None
    old = job("OLD", "COMPLETE")
    app.gets = [
        sync(job("RUNNING", "IN_PROGRESS"), old, pending=True),
        sync(job("RUNNING", "COMPLETE"), old, pending=True),
        sync(job("COVERING", "STARTING"), job("RUNNING", "COMPLETE"), old),
        sync(job("COVERING", "COMPLETE"), job("RUNNING", "COMPLETE"), old),
    ]
    assert run_sync(local_api(app), Line(io.StringIO()), 0).job_id == "COVERING"


def test_a_sync_that_may_not_start_now_is_not_waited_for(app: App) -> None:
    app.message = "The vector store is being changed."
    with pytest.raises(CommandError, match="vector store is being changed"):
        run_sync(local_api(app), Line(io.StringIO()), 0)


def test_a_failed_sync_that_is_tried_again_is_followed_on(app: App) -> None:
    failed, running, complete = job("NEW", "FAILED"), job("AGAIN", "IN_PROGRESS"), job("AGAIN", "COMPLETE")
    app.gets = [sync(failed, pending=True), sync(running, failed), sync(complete, failed)]
    assert run_sync(local_api(app), Line(io.StringIO()), 0).job_id == "AGAIN"


def test_a_sync_that_takes_for_ever_is_given_up(app: App) -> None:
    app.gets = [sync(job("NEW", "IN_PROGRESS"))]
    clock = iter([0.0, 1.0, 1799.0, 1801.0])
    with pytest.raises(CommandError, match="kb status"):
        run_sync(local_api(app), Line(io.StringIO()), 0, clock=lambda: next(clock))


@pytest.mark.parametrize("answer", [[], {}, {"pending": True}, sync({"job_id": "A"})])
def test_what_is_not_this_app_is_said(app: App, answer: Any) -> None:
    app.gets = [answer]
    with pytest.raises(CommandError, match="not this app"):
        local_api(app).status()


def test_an_error_of_the_app_is_shown(app: App) -> None:
    app.status = 503
    with pytest.raises(CommandError, match=r"503: The store is out of reach\."):
        local_api(app).status()


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (1_500_000, "1.4 MB"), (3 * 1024**3, "3.0 GB")],
)
def test_sizes_are_told_in_the_unit_that_suits(size: int, text: str) -> None:
    assert human_size(size) == text


def test_columns_align_wide_letters_and_hide_control_characters() -> None:
    assert columns([("日本", "x"), ("abcd", "y"), ("\x1b[31", "z")]).splitlines() == [
        "日本  x",
        "abcd  y",
        f"{printable(chr(27))}[31  z",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_moves_on_a_terminal_and_a_log_gets_its_end() -> None:
    terminal, log = Terminal(), io.StringIO()
    for output in (terminal, log):
        line = Line(output)
        line.show("50 % of it")
        line.done("done")
    assert terminal.getvalue() == "\r50 % of it\rdone      \n"
    assert log.getvalue() == "done\n"
