"""What all tests share: one product, started once for those that ask for it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.product import Product


@contextmanager
def data_folder_for_a_run() -> Iterator[Path]:
    """Make an empty folder that a Postgres can live in."""
    # Not pytest's own: under root, each pytest that starts shuts all other accounts out of that one, even
    # while another run uses it, and Postgres is another account then.
    with tempfile.TemporaryDirectory(prefix="support-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """An empty folder that a Postgres can live in."""
    with data_folder_for_a_run() as folder:
        yield folder


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The whole product on free ports with a data folder of its own; stopping it is tested too."""
    with data_folder_for_a_run() as folder, Product(folder) as running:
        yield running.wait_until_ready()
        assert running.stop() == 0, running.output
        assert running.leaves_nothing_behind()


@pytest.fixture(scope="session")
def stack(product: Product) -> Product:
    """The stand-ins for AWS at `aws_url`; those of the product, so that only one start is paid for."""
    return product
