"""What the description of the API promises, tried against the running product by schemathesis."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.product import Product, data_folder_for_a_run
from tooling.project import ROOT

pytest.importorskip("schemathesis", reason="needs Python 3.11")
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.local_only
def test_whatever_is_sent_is_answered_as_described() -> None:
    # A product of its own: what is made up here also erases customers and starts ingestion jobs.
    with data_folder_for_a_run() as folder, Product(folder) as product:
        url = product.wait_until_ready().url
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIG, "run", f"{url}/openapi.json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    assert done.returncode == 0, done.stdout + done.stderr
