"""The account that a stage is deployed into: the emulator, with a real Postgres and a Bedrock of our own."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chalicelib.domain.database import DatabaseAddress
from deployment.gateway import STAGE
from devstack.postgres.server import LocalPostgres
from tests.deploy.emulator import ACCOUNT, REGION, Emulator
from tests.deploy.emulator_bedrock import bedrock
from tests.deploy.emulator_environment import emulator_python
from tests.deploy.emulator_front import Front
from tests.deploy.emulator_gateway import Gateway
from tests.devstack.bedrock_server import serving


@dataclass(frozen=True)
class Account:
    """An emulated account; `owner` holds the variables by which its owner's tools find it.

    `url` is where the deployed API answers.
    """

    emulator: Emulator
    front: Front
    owner: Mapping[str, str]
    database: DatabaseAddress
    url: str


@contextmanager
def account(folder: Path, stage: str) -> Iterator[Account]:
    """Run an account, empty but for an empty database, until the block ends."""
    with (
        closing(LocalPostgres(folder / "postgres", _ignore)) as postgres,
        closing(Emulator(folder / "emulator")) as emulator,
        bedrock(emulator.client("s3"), bucket_of(stage)) as endpoints,
    ):
        emulator.start(emulator_python(), endpoints)
        front = Front(emulator.url, postgres.address)
        with serving(front) as url, serving(Gateway(front, emulator)) as gateway:
            owner = {**emulator.owner(), "AWS_ENDPOINT_URL": url, **endpoints}
            yield Account(emulator, front, owner, postgres.address, f"{gateway}/{STAGE}")


def bucket_of(stage: str) -> str:
    """Return the name that the template gives the documents bucket."""
    return f"customer-support-kb-{stage}-{ACCOUNT}-{REGION}"


def _ignore(_line: str) -> None:
    """Say nothing."""
