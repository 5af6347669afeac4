"""What the sync logs: loud where somebody has to act, and never a file's name."""

import logging
from collections.abc import Iterator

import pytest

from chalicelib.domain.ingestion import FileFailure, IngestionJob, IngestionStatistics
from chalicelib.errors import IngestionCallFailed, KnowledgeBaseBusy
from chalicelib.logs import SyncLogger, logger
from tests.fakes import START

JOB = IngestionJob(
    "JOB0000001",
    "COMPLETE",
    START,
    START,
    "change",
    IngestionStatistics(scanned=3, new=1),
    (FileFailure("salaries of jane doe.pdf", "Too large."),),
)


class Records(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    handler = Records()
    named = logging.getLogger(logger.name)
    named.addHandler(handler)
    yield handler.kept
    named.removeHandler(handler)


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (IngestionCallFailed("AccessDeniedException"), "ERROR"),
        (IngestionCallFailed("ResourceNotFoundException"), "ERROR"),
        (IngestionCallFailed("ValidationException"), "ERROR"),
        (IngestionCallFailed("ThrottlingException"), "WARNING"),
        (KnowledgeBaseBusy("ValidationException"), "WARNING"),
    ],
)
def test_what_no_retry_will_mend_is_an_error(
    records: list[logging.LogRecord], error: IngestionCallFailed, level: str
) -> None:
    SyncLogger().not_started(error, 3)
    (record,) = records
    assert (record.levelname, record.__dict__["code"], record.__dict__["attempts"]) == (level, error.code, 3)


def test_a_job_is_logged_in_numbers(records: list[logging.LogRecord]) -> None:
    SyncLogger().started(JOB)
    SyncLogger().ended(JOB, will_be_retried=False)
    started, ended = records
    assert (started.levelname, started.__dict__["trigger"]) == ("INFO", "change")
    assert (ended.levelname, ended.__dict__["scanned"], ended.__dict__["failed"]) == ("INFO", 3, 0)
    assert "salaries" not in str(ended.__dict__)


def test_notices_are_logged_in_numbers(records: list[logging.LogRecord]) -> None:
    SyncLogger().changed(2)
    SyncLogger().ignored("folder", 1)
    changed, ignored = records
    assert changed.__dict__["changes"] == 2
    assert (ignored.__dict__["reason"], ignored.__dict__["records"]) == ("folder", 1)
