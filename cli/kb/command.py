"""`dev.py kb`: manages the documents that answers come from, without the AWS command line."""

import io
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.ingestion import IngestionJob, SyncStatus
from cli.display import Line, printable
from cli.kb.bucket import describe_documents, list_documents, remove_documents, upload_all
from cli.kb.files import Choice, Refusal, choose
from cli.kb.sync import (
    COMPLETE,
    SyncApi,
    describe_added,
    describe_failures,
    describe_outcome,
    describe_status,
    newest_ended,
    run_sync,
)
from cli.kb.target import Target, open_target
from tooling import environment
from tooling.aws_errors import explained
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import LOCAL

FOLLOWS = "The assistant follows by itself within a minute or two; `kb status` shows how far it is."


def manage_documents(options: Namespace, root: Path = ROOT) -> int:
    """Run one action of the command; return its exit code. Raises BrokenPipeError when nobody reads on."""
    _never_fail_on_a_letter()
    if options.stage == LOCAL:
        environment.forget_own_aws_settings()
    unreachable = None
    try:
        target = open_target(options, root)
        unreachable = target.unreachable
        return ACTIONS[options.action](target, options)
    except CommandError as problem:
        return _fail(str(problem))
    except (BotoCoreError, ClientError) as error:
        return _fail(str(explained(error, unreachable)))


def _add(target: Target, options: Namespace) -> int:
    choice = choose(options.files, options.prefix)
    _print_refusals(choice.refusals)
    if not choice.uploads:
        return _fail("Nothing was uploaded.")
    is_good = _upload_only(target, choice) if options.no_wait else _upload_and_wait(target, choice)
    return 0 if is_good and not choice.refusals else 1


def _upload_only(target: Target, choice: Choice) -> bool:
    lost = upload_all(target, choice.uploads)
    _print_refusals(lost)
    print(FOLLOWS)
    return not lost


def _upload_and_wait(target: Target, choice: Choice) -> bool:
    api = target.open_api()
    before = api.status()  # if the app does not answer, say so before the upload
    lost = upload_all(target, choice.uploads)
    _print_refusals(lost)
    try:
        job = _follow(target, api, before)
    except CommandError as problem:
        raise CommandError(f"{problem} The upload is done. {FOLLOWS}") from problem
    lost_paths = {refusal.name for refusal in lost}
    added = choice.keys - {each.key for each in choice.uploads if str(each.path) in lost_paths}
    print(*describe_added(job, added, newest_ended(before)), sep="\n")
    has_failed = any(failure.file in added for failure in job.failures)
    return not lost and not has_failed and job.status == COMPLETE


def _follow(target: Target, api: SyncApi, before: SyncStatus) -> IngestionJob:
    """Follow the sync to its end; the upload may have started jobs of its own, which count with it."""
    known = {job.job_id for job in before.jobs}
    line = Line(sys.stdout)
    job = run_sync(api, line, target.poll_seconds)
    others = [each for each in api.status().jobs if each.job_id not in known | {job.job_id}]
    line.done(describe_outcome(job, others))
    return job


def _list(target: Target, _options: Namespace) -> int:
    print(describe_documents(list_documents(target)))
    return 0


def _remove(target: Target, options: Namespace) -> int:
    for key in remove_documents(target, options.keys):
        print(f"Removed {printable(key)}")
    print(FOLLOWS)
    return 0


def _sync_now(target: Target, _options: Namespace) -> int:
    line = Line(sys.stdout)
    job = run_sync(target.open_api(), line, target.poll_seconds)
    line.done(describe_outcome(job))
    print(*describe_failures(job.failures), sep="\n", end="\n" if job.failures else "")
    return 0 if job.status == COMPLETE else 1


def _status(target: Target, _options: Namespace) -> int:
    print(describe_status(target.open_api().status()))
    return 0


def _print_refusals(refusals: Iterable[Refusal]) -> None:
    for refusal in refusals:
        print(f"Not uploaded: {printable(refusal.name)}: {refusal.reason}.", file=sys.stderr)


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _never_fail_on_a_letter() -> None:
    """Print a question mark for a letter that the terminal cannot show, instead of failing."""
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="replace")


ACTIONS: dict[str, Callable[[Target, Namespace], int]] = {
    "add": _add,
    "ls": _list,
    "rm": _remove,
    "sync": _sync_now,
    "status": _status,
}
