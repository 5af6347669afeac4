"""`dev.py infra`: creates the stage's stack or brings it up to date, and says first what will happen."""

from argparse import Namespace
from collections.abc import Mapping, Sequence

from botocore.exceptions import ClientError

from deployment.account import deployer_arn
from deployment.change_sets import Change, ChangeSet, describe_changes
from deployment.checks import check_for_infra
from deployment.made.sync_pause import pause_sync, resume_sync
from deployment.preflight.database import will_make_network
from deployment.preflight.quotas import check_concurrency, check_names, check_vpcs
from deployment.preflight.search_index import (
    ATTEMPTS,
    DEFAULT_STORE,
    OPENSEARCH,
    PAUSE_SECONDS,
    is_not_ready,
    phases,
    require_may_delete_index,
)
from deployment.preflight.zones import choose_zones
from deployment.stack import BROKEN, STUCK, UNMADE, Outcome, Stack, StackView
from deployment.work import Work
from tooling.aws_errors import is_denied
from tooling.errors import CommandError

SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
SET_ONCE = ("FirstZone", "SecondZone", "Stage")
"""The parameters that stay as they were when the stack was made.

A subnet in another zone is made before the old one goes, and would have its addresses.
"""


def bring_up_infra(work: Work, options: Namespace) -> int:
    """Run the command; return its exit code. Raises CommandError, ClientError and BotoCoreError."""
    stack = Stack(work)
    parameters = chosen_parameters(work, options)
    view = _usable_stack(work, stack)
    _require_set_once(parameters, view)
    vector_store = parameters.get("VectorStore") or (view.parameters.get("VectorStore") if view else None)
    makes_network = will_make_network(work, parameters, view)
    check_for_infra(work, vector_store or DEFAULT_STORE)
    # A stand-in for AWS has neither quotas nor endpoints.
    if not work.account.is_emulated:
        if view is None or view.status == UNMADE:
            check_concurrency(work)
            check_names(work)
        if makes_network:
            check_vpcs(work)
            parameters = {**choose_zones(work), **parameters}
    if vector_store == OPENSEARCH and not (view and view.parameters.get("DeployerArn")):
        parameters.setdefault("DeployerArn", _deployer(work))
    if view is not None and vector_store != OPENSEARCH:
        require_may_delete_index(work, stack, view)
    first, *following = phases(parameters, vector_store, view, stack)
    if not _bring_to(work, stack, first, view, options.allow_data_loss):
        return 1
    for each in following:
        work.terminal.say("The index is made. Waiting until it can be used …")
        work.pause(PAUSE_SECONDS)
        if not _bring_to(work, stack, each, stack.look(), options.allow_data_loss):
            work.terminal.say(
                f"The collection is paid for by the hour: `{work.command('infra')}` takes it away."
            )
            return 1
    return _finish(work, stack)


def _bring_to(
    work: Work, stack: Stack, parameters: dict[str, str], view: StackView | None, allows_data_loss: bool
) -> bool:
    """Make one change, if it is wanted; say whether it was. Raises CommandError."""
    work.terminal.say(f"Asking CloudFormation what would change in {work.name} …")
    change_set = stack.propose(work.template(), parameters, view)
    if not change_set.changes:
        work.terminal.say("Nothing to change: the stack is up to date.")
        return True
    work.terminal.say(
        f"In account {work.account.number}, Region {work.account.region}, this will:",
        *describe_changes(change_set.changes),
        *(_of_knowledge_base(work) if _ends_knowledge_base(change_set) else ()),
    )
    if not _is_wanted(work, stack, change_set, allows_data_loss):
        work.terminal.say("Nothing was changed.")
        return False
    outcome = _execute(work, stack, change_set, view)
    for _ in range(ATTEMPTS):
        if not is_not_ready(outcome):
            break
        work.terminal.say("The index cannot be used yet. Trying again in a minute.")
        work.pause(PAUSE_SECONDS)
        again = stack.propose(work.template(), parameters, stack.look())
        outcome = _execute(work, stack, again, view)
    _require_success(work, outcome)
    return True


def _usable_stack(work: Work, stack: Stack) -> StackView | None:
    """Return the stack once it can be changed; None when there is none, or it was deleted.

    Raises CommandError.
    """
    view = stack.when_idle()
    if view is None:
        return None
    if view.status == STUCK:
        raise CommandError(_stuck(work))
    if view.status in BROKEN:
        _delete_broken(work, stack, view)
        return None
    return view


def chosen_parameters(work: Work, options: Namespace) -> dict[str, str]:
    """Return the parameters of the template that the user named. Raises CommandError for unknown ones."""
    chosen = {"Stage": work.stage, **dict(options.parameter)}
    if options.vector_store:
        chosen["VectorStore"] = options.vector_store
    if options.alarm_email is not None:
        chosen["AlarmEmail"] = options.alarm_email
    known = work.template().parameters
    if unknown := sorted(chosen.keys() - set(known)):
        raise CommandError(f"The template has no {', '.join(unknown)}. It has: {', '.join(known)}.")
    return chosen


def _require_set_once(parameters: Mapping[str, str], view: StackView | None) -> None:
    """Refuse a change that CloudFormation could only fail at. Raises CommandError."""
    was = {} if view is None or view.status == UNMADE else view.parameters
    for name in SET_ONCE:
        if name in parameters and parameters[name] != was.get(name, parameters[name]):
            raise CommandError(
                f"{name} is {was[name] or 'the one that was chosen'} since the stack was made, and stays so: "
                "leave it out, or make another stage."
            )


def _is_wanted(work: Work, stack: Stack, change_set: ChangeSet, allows_data_loss: bool) -> bool:
    endangered = [change for change in change_set.changes if change.endangers_data]
    is_wanted = False
    try:
        is_wanted = _accepts_data_loss(work, endangered, allows_data_loss) if endangered else _agrees(work)
    finally:
        if not is_wanted:
            stack.discard(change_set)
    return is_wanted


def _agrees(work: Work) -> bool:
    return work.terminal.agrees("Go on?")


def _accepts_data_loss(work: Work, endangered: Sequence[Change], allows_data_loss: bool) -> bool:
    names = ", ".join(change.name for change in endangered)
    warning = f"{names}: the app would go on without the data that is there now."
    if work.is_prod and not allows_data_loss:
        raise CommandError(
            f"{warning} In prod that is refused. If it is wanted, add --allow-data-loss. Nothing was changed."
        )
    return work.terminal.types(
        work.stage, warning, otherwise="This is asked even with --yes: run it in a terminal."
    )


def _delete_broken(work: Work, stack: Stack, view: StackView) -> None:
    work.terminal.say(f"The stack {work.name} is in {view.status}: it cannot be used, only deleted.")
    if not work.terminal.agrees("Delete it and start again?"):
        raise CommandError(f"Delete the stack {work.name}, then run `{work.command('infra')}` again.")
    outcome = stack.delete(view)
    if outcome.status != "DELETE_COMPLETE":
        raise CommandError(
            f"The stack could not be deleted ({outcome.status}). {outcome.failure or ''} "
            f"Fix that in the CloudFormation console, then run `{work.command('infra')}` again."
        )


def _deployer(work: Work) -> str:
    """Return who makes the index in OpenSearch, which only accepts principals that it knows."""
    try:
        arn = deployer_arn(work.account)
    except ClientError as error:
        if not is_denied(error):
            raise
        arn = None
    if arn is None:
        raise CommandError(
            f"{OPENSEARCH} has to be told who deploys, and that cannot be the root user: "
            "add --parameter DeployerArn=<ARN of your role or user>."
        )
    return arn


def _execute(work: Work, stack: Stack, change_set: ChangeSet, view: StackView | None) -> Outcome:
    if view is None or not _ends_knowledge_base(change_set):
        return stack.execute(change_set)
    is_replaced = False
    try:
        pause_sync(work, view.outputs)
        outcome = stack.execute(change_set)
        is_replaced = outcome.status in SUCCEEDED
        return outcome
    finally:
        if not is_replaced and "DataSourceId" in view.outputs:
            resume_sync(work, view.outputs["DataSourceId"])


def _ends_knowledge_base(change_set: ChangeSet) -> bool:
    return any(change.ends_knowledge_base for change in change_set.changes)


def _of_knowledge_base(work: Work) -> tuple[str, str]:
    return (
        "  The knowledge base starts again from nothing: answers know no article from now until",
        f"  `{work.command('deploy')}` has been run and its sync has ended. Documents are not lost.",
    )


def _require_success(work: Work, outcome: Outcome) -> None:
    if outcome.status in SUCCEEDED:
        if not outcome.left:
            return
        left = "\n".join(f"  {each}" for each in outcome.left)
        raise CommandError(
            f"The stack is up to date, but CloudFormation could not delete what it no longer needs:\n{left}\n"
            "It has left the stack, and may go on costing: delete it yourself, "
            f"then run `{work.command('infra')}` again."
        )
    reason = outcome.failure or "CloudFormation named no reason; its console may know more."
    # CloudFormation undoes what failed: a first creation as a whole.
    next_time = "it starts from nothing" if outcome.status in BROKEN else "the stack is as it was before"
    raise CommandError(
        f"The stack ended in {outcome.status}. First failure: {reason}\n"
        f"Fix that, then run `{work.command('infra')}` again: {next_time}."
    )


def _finish(work: Work, stack: Stack) -> int:
    view = stack.look()
    if view is None:
        raise CommandError(f"The stack is gone. Run `{work.command('infra')}` again.")
    if work.is_prod and not view.is_protected:
        stack.protect()
        work.terminal.say("The stack is now protected against deletion.")
    width = max(map(len, view.outputs), default=0)
    work.terminal.say("", *(f"  {name:<{width}}  {value}" for name, value in sorted(view.outputs.items())))
    work.terminal.say("", f"Next: `{work.command('deploy')}`")
    return 0


def _stuck(work: Work) -> str:
    return (
        f"The stack {work.name} is in {STUCK}: undoing an update has failed. "
        "Find what failed in the CloudFormation console and fix it, then run\n"
        f"  aws cloudformation continue-update-rollback --stack-name {work.name} "
        f"--region {work.account.region}\n"
        f"and `{work.command('infra')}` again."
    )
