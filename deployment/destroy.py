"""`dev.py destroy`: deletes what a stage costs money for, and says what stays."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from deployment.chalice_cli import require_same_place
from deployment.made.logs import delete_logs
from deployment.made.record import forget_stage
from deployment.made.removal import delete_functions, delete_roles
from deployment.made.sync_pause import end_jobs
from deployment.preflight.search_index import require_may_delete_index
from deployment.stack import Stack, StackView
from deployment.work import DONE, Work, run_steps
from tooling.aws_errors import code_of
from tooling.errors import CommandError
from tooling.template import Template

DATABASE = "AWS::RDS::DBInstance"
BUCKET = "AWS::S3::Bucket"
TABLE = "AWS::DynamoDB::Table"


@dataclass(frozen=True)
class Leftovers:
    """Names of what stays when the stack goes; `database` leaves a snapshot."""

    tables: tuple[str, ...]
    buckets: tuple[str, ...]
    database: str | None

    def announce(self) -> list[str]:
        """Return lines that say beforehand what will stay."""
        kept = [*self.tables, *self.buckets]
        lines = [f"  and keeps {', '.join(kept)}"] if kept else []
        return [
            *lines,
            *([f"  and a last snapshot of the database {self.database}"] if self.database else []),
        ]

    def describe(self, region: str) -> list[str]:
        """Return lines that say how to remove what stayed."""
        end = f"--region {region}"
        lines = [f"  aws dynamodb delete-table --table-name {name} {end}" for name in self.tables]
        # The command that deletes buckets leaves old versions, and then does nothing.
        lines += [f"  {name}: in the S3 console, Empty, then Delete" for name in self.buckets]
        if self.database:
            lines += [
                f"  aws rds describe-db-snapshots --db-instance-identifier {self.database} {end}",
                f"  aws rds delete-db-snapshot {end} --db-snapshot-identifier <the name it shows>",
            ]
        heading = "What it knew is kept, and the next `infra` takes tables and documents over. To remove it:"
        return [heading, *lines] if lines else []


def destroy_stage(work: Work, options: Namespace) -> int:
    """Run the command; return its exit code. Raises CommandError, ClientError and BotoCoreError."""
    require_same_place(work)
    if work.is_prod and not options.even_prod:
        raise CommandError(f"prod is protected. To delete it: `{work.command('destroy')} --even-prod`.")
    stack = Stack(work)
    view = stack.when_idle()
    leftovers = _find_leftovers(work.template(), stack.resources() if view else {})
    if view is not None:
        _require_no_protection(work, view, leftovers.database)
        require_may_delete_index(work, stack, view)
    if not _is_wanted(work, leftovers):
        work.terminal.say("Nothing was deleted.")
        return 1
    steps: dict[str, Callable[[], str]] = {
        "Functions, API": partial(_delete_app, work, next(iter(leftovers.buckets), None)),
        "Stack": partial(_delete_stack, work, stack),
        # After the stack: with their rights, Lambda takes its hands off its network.
        "Roles": partial(delete_roles, work),
        # Last: a function that still runs makes its log group again while its role lets it.
        "Logs": partial(delete_logs, work),
    }
    run_steps(work, "destroy", steps)
    work.terminal.say("", f"Stage {work.stage} is gone.", *leftovers.describe(work.account.region))
    return 0


def _is_wanted(work: Work, leftovers: Leftovers) -> bool:
    account, network = work.account, "network, database, " if leftovers.database else ""
    work.terminal.say(
        f"From account {account.number}, Region {account.region}, this deletes:",
        f"  the functions and the API of {work.name}, with their logs",
        f"  the stack {work.name}: {network}knowledge base with its vectors, guardrail, secrets,",
        "  and the queue of tickets, with what waits in it or could not be taken in",
        *leftovers.announce(),
    )
    if work.terminal.is_sure:
        return True
    return work.terminal.types(
        work.stage, "There is no way back.", otherwise="Add --yes to go on without it."
    )


def _delete_app(work: Work, bucket: str | None) -> str:
    outcome = delete_functions(work, bucket)
    forget_stage(work)
    return outcome


def _delete_stack(work: Work, stack: Stack) -> str:
    view = stack.look()
    if view is None:
        return DONE
    if "SubnetIds" in view.outputs:
        work.terminal.say("  The network goes last: Lambda may hold on to it for up to 40 minutes.")
    end_jobs(work, view.outputs)
    outcome = stack.delete(view)
    if outcome.status != "DELETE_COMPLETE":
        raise CommandError(
            f"the stack ended in {outcome.status}. {outcome.failure or ''} If that is a subnet or a security "
            "group, Lambda has not let go of it yet: wait half an hour."
        )
    return "deleted"


def _require_no_protection(work: Work, view: StackView, database: str | None) -> None:
    """Refuse while stack or database are protected, and say how to change that. Raises CommandError."""
    commands = []
    if view.is_protected:
        commands.append(
            "aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--stack-name {work.name}"
        )
    if database is not None and _is_protected(work, database):
        commands.append(
            "aws rds modify-db-instance --no-deletion-protection --apply-immediately "
            f"--db-instance-identifier {database}"
        )
    if commands:
        lines = [f"  {command} --region {work.account.region}" for command in commands]
        raise CommandError(
            "\n".join([f"Stage {work.stage} is protected against deletion. To switch that off:", *lines])
        )


def _is_protected(work: Work, database: str) -> bool:
    try:
        answer = work.account.client("rds").describe_db_instances(DBInstanceIdentifier=database)
    except ClientError as error:
        if code_of(error) != "DBInstanceNotFound":
            raise
        return False
    return bool(answer["DBInstances"][0]["DeletionProtection"])


def _find_leftovers(template: Template, resources: Mapping[str, str]) -> Leftovers:
    """Return what will stay of a stack's resources, which are physical ids by their logical ones."""

    def kept(kind: str, policy: str) -> tuple[str, ...]:
        names = template.names_of(kind, policy)
        return tuple(identifier for name, identifier in resources.items() if name in names)

    return Leftovers(
        tables=kept(TABLE, "Retain"),
        buckets=kept(BUCKET, "Retain"),
        database=next(iter(kept(DATABASE, "Snapshot")), None),
    )
