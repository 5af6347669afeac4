"""How Postgres is reached, by DATABASE_URL and with Amazon's certificates."""

import ssl
import time
from pathlib import Path

import pytest

from chalicelib.domain.database import DatabaseAddress
from chalicelib.errors import InvalidSettings
from chalicelib.stores.database import AMAZON_ROOTS, address_from_url, connection_parameters

URL = "postgresql://app:p%40ss%2Fw%3Ard@db.example.com:6432/support"
ADDRESS = DatabaseAddress("db.example.com", 6432, "app", "p@ss/w:rd", "support", "roots.pem")


def test_a_url_says_where_postgres_is_and_who_we_are_there() -> None:
    assert address_from_url(URL, "roots.pem") == ADDRESS


@pytest.mark.parametrize("url", ["postgres://app@db/support", "postgresql://app@db/support"])
def test_what_a_url_leaves_out_is_as_usual(url: str) -> None:
    assert address_from_url(url, None) == DatabaseAddress("db", 5432, "app", "", "support", None)


@pytest.mark.parametrize(
    ("query", "stage_roots", "roots"),
    [
        ("", "roots.pem", "roots.pem"),
        ("", None, None),
        ("?sslmode=disable", "roots.pem", None),
        ("?sslmode=disable&sslrootcert=own.pem", "roots.pem", None),
        ("?sslmode=verify-full", "roots.pem", "roots.pem"),
        ("?sslmode=verify-full", None, AMAZON_ROOTS),
        ("?sslmode=verify-full&sslrootcert=own.pem", "roots.pem", "own.pem"),
        ("?sslrootcert=own.pem", None, "own.pem"),
    ],
)
def test_a_url_may_say_how_the_server_is_verified(
    query: str, stage_roots: str | None, roots: str | None
) -> None:
    assert address_from_url(URL + query, stage_roots).tls_roots == roots


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://app:s3cret@db/support", "must look like"),
        ("s3cret", "must look like"),
        ("host=db user=app password=s3cret dbname=support", "must look like"),
        ("postgresql://app:s3cret%zz@db/support", "must look like"),
        ("postgresql://app:s3cret@[::1/support", "must look like"),
        ("postgresql://app:s3cret@db/support?nonsense=s3cret", "must look like"),
        ("postgresql://app:s3cret@db/support?options=-c%20a%3Db", "options"),
        ("postgresql://app:s3cret@db", "dbname"),
        ("postgresql:///support?password=s3cret", "host, user"),
        ("postgresql://app:s3cret@db:port/support", "port"),
        ("postgresql://app:s3cret@db:70000/support", "port"),
        ("postgresql://app:s3cret@one:5432,two:5432/support", "port"),
        ("postgresql://app:s3cret@db/support?sslmode=require", "sslmode"),
        ("postgresql://app:s3cret@db/support?sslmode=prefer", "sslmode"),
    ],
)
def test_a_wrong_url_names_its_key_and_the_problem_but_never_itself(url: str, problem: str) -> None:
    with pytest.raises(InvalidSettings, match=problem) as wrong:
        address_from_url(url, None)
    assert str(wrong.value).startswith("DATABASE_URL: ")
    assert "s3cret" not in str(wrong.value)
    assert wrong.value.__cause__ is None
    assert wrong.value.__suppress_context__ or wrong.value.__context__ is None


def test_the_driver_verifies_the_server_and_its_name_with_the_certificates() -> None:
    parameters = connection_parameters(ADDRESS)
    assert (parameters["sslmode"], parameters["sslrootcert"]) == ("verify-full", "roots.pem")


def test_without_certificates_there_is_no_tls() -> None:
    parameters = connection_parameters(DatabaseAddress("db", 5432, "app", "", "support"))
    assert parameters["sslmode"] == "disable"


def test_a_password_does_not_show_in_what_is_printed_of_an_address() -> None:
    assert ADDRESS.password not in repr(ADDRESS)


def test_amazons_certificates_can_be_read_and_none_has_expired() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(AMAZON_ROOTS)
    roots = context.get_ca_certs()
    assert len(roots) == Path(AMAZON_ROOTS).read_text("ascii").count("BEGIN CERTIFICATE")
    assert [root["subject"] for root in roots if _ends_at(root) < time.time()] == []


@pytest.mark.parametrize(
    "name",
    ["Amazon RDS us-east-1 Root CA RSA2048 G1", "Amazon RDS eu-west-2 Root CA ECC384 G1"],
)
def test_databases_and_their_proxies_are_vouched_for(name: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(AMAZON_ROOTS)
    assert name in str(context.get_ca_certs())


def _ends_at(root: "ssl._PeerCertRetDictType") -> float:
    return ssl.cert_time_to_seconds(str(root["notAfter"]))
