"""How Postgres is reached: what a URL says, and what the driver wants to be told."""

from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn

from chalicelib.domain.database import DatabaseAddress
from chalicelib.errors import InvalidSettings

AMAZON_ROOTS = str(Path(__file__).parent.parent / "certificates" / "amazon-rds.pem")
CONNECT_TIMEOUT_SECONDS = 3
URL_SCHEMES = ("postgresql://", "postgres://")
URL_FORM = "postgresql://user:password@host:port/name"
URL_PARTS = {"host", "port", "user", "password", "dbname", "sslmode", "sslrootcert"}


def address_from_url(url: str, tls_roots: str | None) -> DatabaseAddress:
    """Return the address that DATABASE_URL holds; `sslmode` and `sslrootcert` in it win over `tls_roots`.

    Raises InvalidSettings, which never repeats the URL: it holds a password.
    """
    parts = _parse(url)
    unknown = sorted(parts.keys() - URL_PARTS)
    if unknown:
        raise InvalidSettings(f"DATABASE_URL: {', '.join(unknown)} cannot be set there.")
    missing = sorted({"host", "user", "dbname"} - parts.keys())
    if missing:
        raise InvalidSettings(f"DATABASE_URL: {', '.join(missing)} is missing from {URL_FORM}.")
    return DatabaseAddress(
        host=parts["host"],
        port=_port(parts.get("port", "5432")),
        username=parts["user"],
        password=parts.get("password", ""),
        dbname=parts["dbname"],
        tls_roots=_tls_roots(parts, tls_roots),
    )


def connection_parameters(address: DatabaseAddress) -> dict[str, Any]:
    """Return what `psycopg2.connect` is told."""
    parameters = {
        "host": address.host,
        "port": address.port,
        "user": address.username,
        "password": address.password,
        "dbname": address.dbname,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    if address.tls_roots is None:
        return {**parameters, "sslmode": "disable"}
    return {**parameters, "sslmode": "verify-full", "sslrootcert": address.tls_roots}


def _parse(url: str) -> dict[str, str]:
    wrong = InvalidSettings(f"DATABASE_URL: must look like {URL_FORM}.")
    if not url.startswith(URL_SCHEMES):
        raise wrong
    try:
        return {name: str(value) for name, value in parse_dsn(url).items()}
    except (psycopg2.ProgrammingError, UnicodeError):
        # The driver's message quotes the URL.
        raise wrong from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise InvalidSettings("DATABASE_URL: the port must be one number between 1 and 65535.")
    return int(text)


def _tls_roots(parts: dict[str, str], otherwise: str | None) -> str | None:
    mode, roots = parts.get("sslmode"), parts.get("sslrootcert")
    if mode not in (None, "disable", "verify-full"):
        # What lies between encrypts without knowing who is at the other end.
        raise InvalidSettings("DATABASE_URL: sslmode must be verify-full or disable.")
    if mode == "disable":
        return None
    return roots or otherwise or (AMAZON_ROOTS if mode else None)
