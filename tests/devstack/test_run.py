"""Starting, stopping and going wrong: the promises of `dev.py run` and `dev.py stack`."""

import json
import socket
import sqlite3
import urllib.request
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.run import choose_host_page_port
from devstack.aws.clients import AwsClients
from devstack.ports import HOST
from devstack.stage import read_local_stage
from tests.product import PostgresControl, Product, answers, data_folder_for_a_run, within
from tooling.errors import CommandError

STAGE = read_local_stage()
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "kb"


@contextmanager
def running(data_dir: Path, command: str = "run") -> Iterator[Product]:
    with Product(data_dir, command) as product:
        yield product.wait_until_ready()


@pytest.fixture
def indexed_folder(product: Product, data_folder: Path) -> Path:
    """A data folder with the running product's index, so that a start does not read the samples again."""
    copy_index(product, data_folder)
    return data_folder


@pytest.fixture(scope="module")
def stand_ins(product: Product) -> Iterator[Product]:
    """The stand-ins alone; the last test of them ends them."""
    with data_folder_for_a_run() as folder:
        copy_index(product, folder)
        with running(folder, "stack") as stand_ins:
            yield stand_ins


def copy_index(product: Product, folder: Path) -> None:
    name = "index.sqlite"
    with (
        closing(sqlite3.connect(product.data_dir / name)) as source,
        closing(sqlite3.connect(folder / name)) as copy,
    ):
        source.backup(copy)


def aws(product: Product) -> AwsClients:
    return AwsClients(product.aws_url, STAGE)


def keys(product: Product) -> set[str]:
    pages = aws(product).s3.get_paginator("list_objects_v2").paginate(Bucket=STAGE.documents_bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def ingestion_jobs(product: Product) -> int:
    jobs = aws(product).knowledge_bases.list_ingestion_jobs(
        knowledgeBaseId=STAGE.knowledge_base_id, dataSourceId=STAGE.data_source_id
    )
    return len(jobs["ingestionJobSummaries"])


def chat(product: Product, question: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{product.url}/chat", json.dumps({"query": question}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def test_the_ready_block_says_where_everything_is(product: Product) -> None:
    where = (
        product.url,
        product.host_page_url,
        product.aws_url,
        str(product.data_dir),
        "app.log",
        "events.log",
    )
    for expected in (*where, "local-agent-token", "an extractive model, not Claude", "Ctrl-C"):
        assert expected in product.output


def test_the_page_and_the_health_check_answer_when_ready_is_said(product: Product) -> None:
    with urllib.request.urlopen(f"{product.url}/", timeout=10) as page:
        assert "<html" in page.read().decode()
    with urllib.request.urlopen(f"{product.url}/health?deep=1", timeout=10) as health:
        assert json.load(health)["status"] == "ok"


def test_a_question_gets_a_cited_answer(product: Product) -> None:
    answer = chat(product, "How do I reset my password?")
    assert "[1]" in answer["response"]
    assert "password" in answer["citations"][0]["title"].lower()
    assert answer["degraded"] == []


def test_the_host_page_is_next_to_the_app_where_nothing_else_is() -> None:
    def chosen(port: int, aws_port: int) -> int:
        options = Namespace(port=port, aws_port=aws_port, host_page_port=None)
        choose_host_page_port(options)
        number: int = options.host_page_port
        return number

    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        assert chosen(taken - 1, 1) not in (taken - 1, taken)
        with pytest.raises(CommandError, match="--host-page-port"):
            choose_host_page_port(Namespace(port=1, aws_port=2, host_page_port=taken))
    assert chosen(taken - 1, 1) == taken
    assert chosen(taken - 1, taken) != taken
    assert chosen(65_535, 1) <= 65_535


@pytest.mark.parametrize("step", ["Starting", "Knowledge base"])
def test_a_stop_while_it_starts_leaves_nothing_behind(step: str, data_folder: Path) -> None:
    with Product(data_folder) as product:
        assert within(30, lambda: step in product.output), product.output
        assert product.interrupt() == 0
        assert "Ready" not in product.output
        assert "Stopped. Your data stays in" in product.output
        assert product.leaves_nothing_behind()


def test_two_copies_run_side_by_side(product: Product, data_folder: Path) -> None:
    with running(data_folder) as other:
        assert chat(other, "How do I reset my password?")["citations"]
        aws(other).s3.put_object(Bucket=STAGE.documents_bucket, Key="only-here.md", Body=b"# Only here")
        assert "only-here.md" not in keys(product)
        assert other.stop() == 0
    assert answers(product.port)


def test_documents_and_customers_are_the_same_after_a_restart(
    data_folder: Path,
) -> None:
    deleted, added = "reset-your-password.md", "Neue Artikel/Ü & 100 %.md"
    with running(data_folder, "stack") as first:
        before = keys(first)
        aws(first).s3.delete_object(Bucket=STAGE.documents_bucket, Key=deleted)
        aws(first).s3.put_object(Bucket=STAGE.documents_bucket, Key=added, Body=b"# New")
        secret = aws(first).secrets.get_secret_value(SecretId=STAGE.app_secret_id)["SecretString"]
        assert first.interrupt() == 0
        assert first.leaves_nothing_behind()
    with running(data_folder, "stack") as second:
        assert deleted in before
        assert keys(second) == before - {deleted} | {added}
        body = aws(second).s3.get_object(Bucket=STAGE.documents_bucket, Key=added)["Body"].read()
        assert body == b"# New"
        assert aws(second).secrets.get_secret_value(SecretId=STAGE.app_secret_id)["SecretString"] == secret
        assert "sample customers added" not in second.output
        assert second.stop() == 0


def test_a_killed_supervisor_leaves_no_app_and_can_start_again(indexed_folder: Path) -> None:
    with running(indexed_folder) as killed:
        assert answers(killed.port)
        killed.kill()
        assert within(10, lambda: not answers(killed.port))
    with running(indexed_folder) as next_one:
        assert chat(next_one, "How do I reset my password?")["citations"]
        assert next_one.stop() == 0
        assert next_one.leaves_nothing_behind()


@pytest.mark.parametrize("option", ["--port", "--aws-port"])
def test_a_taken_port_is_named_with_the_option_that_changes_it(option: str, data_folder: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with Product(data_folder / "data", extra=[option, str(port)]) as product:
            assert product.wait() == 1
    assert f"Port {port} is in use" in product.output
    assert option in product.output
    assert not (data_folder / "data").exists()


def test_a_folder_in_use_by_another_copy_is_named(product: Product) -> None:
    with Product(product.data_dir) as second:
        assert second.wait() == 1
    assert f"{product.data_dir} is in use by another running copy" in second.output
    assert "--data-dir" in second.output


def test_when_the_app_dies_everything_stops_and_its_log_is_shown(indexed_folder: Path) -> None:
    with running(indexed_folder) as product:
        product.kill_app()
        assert product.wait() == 1
        assert "the app stopped unexpectedly" in product.output
        assert product.leaves_nothing_behind()


def test_a_dropped_file_starts_an_ingestion_by_itself_beside_the_stand_ins(stand_ins: Product) -> None:
    before = ingestion_jobs(stand_ins)
    aws(stand_ins).s3.put_object(Bucket=STAGE.documents_bucket, Key="new.md", Body=b"# New")
    assert within(30, lambda: ingestion_jobs(stand_ins) > before)


def test_when_what_calls_the_event_handlers_dies_everything_stops(stand_ins: Product) -> None:
    stand_ins.kill_events()
    assert stand_ins.wait() == 1
    assert "what calls the event handlers stopped unexpectedly" in stand_ins.output
    assert stand_ins.leaves_nothing_behind()


def test_a_postgres_that_stops_is_started_again_and_the_rest_goes_on(indexed_folder: Path) -> None:
    with running(indexed_folder) as product:
        postgres = PostgresControl(indexed_folder / "postgres")
        postgres.stop()
        assert within(20, lambda: "Postgres did not start; next try" in product.output), product.output
        assert chat(product, "How do I reset my password?")["citations"]
        postgres.allow_start()
        assert within(30, lambda: "Postgres is back" in product.output), product.output
        assert product.output.count("Postgres stopped") == 1
        assert product.stop() == 0
        assert product.leaves_nothing_behind()


def test_an_endpoint_without_its_model_is_refused(data_folder: Path) -> None:
    environment = {"LOCAL_LLM_URL": "http://127.0.0.1:9/v1", "LOCAL_LLM_MODEL": ""}
    with Product(data_folder, environment=environment) as product:
        assert product.wait() == 1
    assert "LOCAL_LLM_MODEL" in product.output
