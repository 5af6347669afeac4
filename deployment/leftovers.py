"""What outlives a stack on purpose, and how to remove it too."""

from collections.abc import Mapping
from dataclasses import dataclass

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


def find_leftovers(template: Template, resources: Mapping[str, str]) -> Leftovers:
    """Return what will stay of a stack's resources, which are physical ids by their logical ones."""

    def kept(kind: str, policy: str) -> tuple[str, ...]:
        names = template.names_of(kind, policy)
        return tuple(identifier for name, identifier in resources.items() if name in names)

    return Leftovers(
        tables=kept(TABLE, "Retain"),
        buckets=kept(BUCKET, "Retain"),
        database=next(iter(kept(DATABASE, "Snapshot")), None),
    )
