"""What keeps a stage from being deleted until somebody switches it off by hand."""

from botocore.exceptions import ClientError

from deployment.stack import StackView
from deployment.work import Work
from tooling.aws_errors import code_of
from tooling.errors import CommandError


def insist_on_no_protection(work: Work, view: StackView, database: str | None) -> None:
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
