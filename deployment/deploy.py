"""`dev.py deploy`: makes a stage that answers of the stack's outputs."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial

from deployment.chalice_cli import (
    Run,
    compile_app,
    deploy_functions,
    deployed_by_chalice,
    require_same_place,
    run_on_terminal,
)
from deployment.checks import check_for_deploy
from deployment.facts import Facts, extras, filled, model_ids, origins, read_outputs
from deployment.functions import ask_one_question, migrate_database, over_http, over_lambda, sweep_documents
from deployment.gateway import Limits, limit_and_log, shape_answers
from deployment.made.logs import limit_logs
from deployment.made.sync_pause import resume_sync
from deployment.policies import as_text, render, write_policies
from deployment.stack import BROKEN, STUCK, UNMADE, Stack
from deployment.work import DONE, Work, run_steps
from tooling.errors import CommandError
from tooling.stages import Deployed, read_config, write_config


def deploy_stage(work: Work, options: Namespace, run: Run = run_on_terminal) -> int:
    """Run the command; return its exit code. Raises CommandError, ClientError and BotoCoreError."""
    work.terminal.say(f"Checking what stage {work.stage} needs:")
    require_same_place(work)
    facts = facts_of_stack(work)
    check_for_deploy(work, facts.model_ids)
    work.terminal.say(f"Deploying {work.name} to account {work.account.number}, {work.account.region}:")
    run_steps(
        work,
        "deploy",
        {
            "Settings": partial(write_settings, work, facts),
            "Logs": partial(limit_logs, work),
            "Bytecode": partial(compile_app, work, run),
            "Functions": partial(deploy_functions, work, facts.documents_bucket, run),
        },
    )
    deployed = deployed_by_chalice(work)
    limits = Limits(options.requests_per_second, options.burst)
    run_steps(work, "deploy", _steps_around_functions(work, facts, deployed, limits))
    _say_where_it_is(work, deployed, facts)
    return 0


def _steps_around_functions(
    work: Work, facts: Facts, deployed: Deployed, limits: Limits
) -> dict[str, Callable[[], str]]:
    """Return the steps after the functions; the last one asks a question."""
    pages = origins(read_config(work.root), work.stage)
    ask = over_lambda(work) if work.account.is_emulated else over_http(deployed.api_url)
    return {
        "Database": partial(migrate_database, work, facts.has_database),
        "Limits and log": partial(limit_and_log, work, deployed.api_id, limits),
        "Gateway answers": partial(shape_answers, work, deployed.api_id, pages),
        "Documents": partial(_follow_documents, work, facts),
        "Smoke test": partial(ask_one_question, work, ask),
    }


def _follow_documents(work: Work, facts: Facts) -> str:
    # An `infra` that was killed has left it paused.
    resume_sync(work, facts.data_source_id)
    return sweep_documents(work)


def _say_where_it_is(work: Work, deployed: Deployed, facts: Facts) -> None:
    work.terminal.say(
        "",
        f"  ApiEndpoint      {deployed.api_url}",
        f"  KnowledgeBaseId  {facts.knowledge_base_id}",
        f"  DocumentsBucket  {facts.documents_bucket}",
        "",
        f"Next: `python3 dev.py kb add samples/kb --stage {work.stage}`, or documents of your own.",
    )


def facts_of_stack(work: Work) -> Facts:
    """Return what the stage's stack provides. Raises CommandError, IncompleteStack."""
    view = Stack(work).when_idle()
    if view is None:
        raise CommandError(
            f"There is no stack {work.name} in {work.account.region}. Run `{work.command('infra')}` first."
        )
    if view.status in (*BROKEN, STUCK, UNMADE):
        raise CommandError(
            f"The stack {work.name} is in {view.status}: nothing can be deployed to it. "
            f"Run `{work.command('infra')}` first, which says what helps."
        )
    config = read_config(work.root)
    return read_outputs(
        work.stage,
        work.account.caller_arn,
        work.account.region,
        model_ids(config, work.stage),
        view.outputs,
        extras(config, work.stage),
    )


def write_settings(work: Work, facts: Facts) -> str:
    """Write the stage's ids into Chalice's configuration and its policies; return what was done."""
    config = read_config(work.root)
    result = filled(config, facts)
    policies = render(facts)
    folder = work.root / ".chalice"
    are_written = all(
        (folder / name).exists() and (folder / name).read_text("utf-8") == as_text(policy)
        for name, policy in policies.items()
    )
    if result == config and are_written:
        return DONE
    write_config(result, work.root)
    write_policies(facts, work.root)
    return "written to .chalice/"
