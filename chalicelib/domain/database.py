"""Where Postgres is."""

from dataclasses import dataclass, field
from typing import Protocol


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


class DatabaseAddresses(Protocol):
    """Tells where Postgres is, which changes when its password is rotated or it moves.

    Both methods raise Unavailable while that is not known.
    """

    def known(self) -> DatabaseAddress:
        """Return the address, which may have been read minutes ago."""

    def renewed(self) -> DatabaseAddress:
        """Return the address as it was read just now."""


@dataclass(frozen=True)
class FixedAddress:
    """An address that does not change."""

    address: DatabaseAddress

    def known(self) -> DatabaseAddress:
        """Return the address."""
        return self.address

    def renewed(self) -> DatabaseAddress:
        """Return the address."""
        return self.address


@dataclass(frozen=True)
class DatabaseSecret:
    """Which secret tells how Postgres is reached.

    With a `host`, only user name and password are read from the secret: RDS writes no more into its own.
    """

    secret_id: str
    tls_roots: str | None
    host: str | None = None
    port: int = 5432
    dbname: str = ""
