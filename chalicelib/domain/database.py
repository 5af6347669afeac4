"""Where Postgres is."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DatabaseAddress:
    """Where Postgres is and who we are there; `host` may be the folder of a Unix socket.

    `tls_roots` is the file with the certificates that vouch for it; None connects without TLS.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    dbname: str
    tls_roots: str | None = None


@dataclass(frozen=True)
class DatabaseSource:
    """Which secret says how Postgres is reached.

    With a `host`, the secret is asked for user name and password alone: RDS writes no more into its own.
    """

    secret_id: str
    tls_roots: str | None
    host: str | None = None
    port: int = 5432
    dbname: str = ""
