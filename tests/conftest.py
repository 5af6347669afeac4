"""What all tests share: one product, started once for those that ask for it."""

from collections.abc import Iterator
from pathlib import Path

import botocore
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.product import Product, data_folder_for_a_run
from tests.service_models import require_valid

ON_THE_DEPLOYED_STAGE = ("tests/deploy/test_deployed_stage.py", "tests/deploy/test_package.py")

# Of each client, whoever makes it: a stand-in takes what AWS would refuse.
botocore.register_initializer(
    lambda session: session.register("before-parameter-build", lambda **event: require_valid(**event))
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of single folders, which pytest looks for here alone."""
    parser.addoption("--every-fault", action="store_true", help="try each dependency in all eight ways")


class Scheduling(LoadFileScheduling):
    """A file's tests in one process, and so those of both files that need a deployment: it is made once."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return ON_THE_DEPLOYED_STAGE[0] if file in ON_THE_DEPLOYED_STAGE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    """Say how tests are given to processes, where files stay together."""
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """An empty folder that a Postgres can live in."""
    with data_folder_for_a_run() as folder:
        yield folder


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The whole product on free ports with a data folder of its own; stopping it is tested too."""
    # An unread reply is mailed soon, so that nobody waits for two minutes.
    settings = ["--set", "MAIL_AFTER_SECONDS=1"]
    with data_folder_for_a_run() as folder, Product(folder, extra=settings) as running:
        yield running.wait_until_ready()
        assert running.stop() == 0, running.output
        assert running.leaves_nothing_behind()


@pytest.fixture(scope="session")
def stack(product: Product) -> Product:
    """The stand-ins for AWS at `aws_url`; those of the product, so that only one start is paid for."""
    return product
