"""`dev.py eval`: asks a stage a golden set of questions and says how many answers were right."""

import json
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from cli.display import Line
from cli.eval.asking import Chat
from cli.eval.cases import Case, read_cases
from cli.eval.drafting import drafted
from cli.eval.report import below, html_report, text_report
from cli.eval.results import Kept, Result, figures_in, summary
from devstack.ports import HOST
from tooling import environment
from tooling.aws_errors import explained
from tooling.deployed_stage import find_deployed_stage
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import LOCAL, PROD

SAMPLES = ROOT / "samples" / "eval.jsonl"
START_LOCAL = "Start it with `python3 dev.py run`, or name its port with --port."
CHECK_NETWORK = "Check the network connection, then try again with --resume."
RUN, LAST, REPORT = "run.jsonl", "last.json", "report.html"


def evaluate(options: Namespace, root: Path = ROOT) -> int:
    """Run the command; return its exit code: 1 when a share is below its least."""
    try:
        if options.make:
            return _make(options, root)
        file = options.file or SAMPLES
        cases = read_cases(file)
        folder = options.data_dir / "eval" / options.stage / file.stem
        results = _run(options, cases, _chat(options, root), Kept(folder / RUN, options.resume))
        return _conclude(options, results, folder)
    except CommandError as problem:
        print(problem, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(explained(error), file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted; --resume goes on from here.", file=sys.stderr)
        return 130
    return 1


def _make(options: Namespace, root: Path) -> int:
    if options.file is None or options.file.exists():
        raise CommandError("--make needs the name of a FILE that is not there yet.")
    if options.stage == LOCAL:
        environment.forget_own_aws_settings()
    cases = drafted(options, root)
    lines = [json.dumps(case.model_dump(exclude_defaults=True), ensure_ascii=False) for case in cases]
    options.file.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(cases)} cases are in {options.file}. Turn them into the words of your customers, add what")
    print("you know is asked, and what must not be answered; docs/eval.md says how a case looks.")
    return 0


def _chat(options: Namespace, root: Path) -> Callable[[], Chat]:
    """Return what opens a connection to the stage's chat. Raises CommandError."""
    if options.stage == LOCAL:
        return lambda: Chat(f"http://{HOST}:{options.port}", START_LOCAL, is_local=True)
    if options.stage == PROD and not options.even_prod:
        raise CommandError("Cases that are handed over open tickets, so prod needs --even-prod.")
    url = find_deployed_stage(options.stage, root).url
    return lambda: Chat(url, CHECK_NETWORK, is_local=False)


def _run(
    options: Namespace, cases: Sequence[Case], open_chat: Callable[[], Chat], kept: Kept
) -> list[Result]:
    """Ask what has not been asked yet. Raises CommandError, KeyboardInterrupt; what was asked stays."""
    seen = kept.read()
    missing = [case for case in cases for _ in range(options.repeat - len(seen.get(case.case_id, ())))]
    line, lock, local = Line(sys.stderr), threading.Lock(), threading.local()
    stopping = threading.Event()

    def ask(case: Case) -> None:
        if stopping.is_set():
            return
        if not hasattr(local, "chat"):
            local.chat = open_chat()
        observed = local.chat.ask(case)
        with lock:
            kept.add(case, observed)
            seen.setdefault(case.case_id, []).append(observed)
            asked = sum(len(each) for each in seen.values())
            line.show(f"{asked} of {len(cases) * options.repeat} asked")

    with ThreadPoolExecutor(options.at_once) as pool:
        try:
            done, _ = wait([pool.submit(ask, case) for case in missing], return_when=FIRST_EXCEPTION)
        finally:
            stopping.set()
    for each in done:
        each.result()
    line.done(f"{len(cases) * options.repeat} asked")
    return [Result(case, tuple(seen[case.case_id][: options.repeat])) for case in cases]


def _conclude(options: Namespace, results: Sequence[Result], folder: Path) -> int:
    figures = summary(results)
    last = folder / LAST
    earlier = figures_in(last)
    report = options.report or folder / REPORT
    report.write_text(html_report(results, figures, f"Answers of stage {options.stage}"), "utf-8")
    last.write_text(json.dumps(figures, ensure_ascii=False), "utf-8")
    if options.json:
        print(json.dumps(figures, indent=2, ensure_ascii=False))
    else:
        print(text_report(results, figures, earlier))
        print(f"\nWhat was not right: {report}")
    missed = below(figures, dict(options.least))
    print(*missed, sep="\n", end="\n" if missed else "", file=sys.stderr)
    return 1 if missed else 0
