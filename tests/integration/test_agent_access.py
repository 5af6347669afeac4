"""Who gets to the agents' routes of the running product."""

import pytest

from tests.integration.api import Api

ROUTES = [
    ("POST", "/tickets"),
    ("GET", "/tickets"),
    ("PATCH", "/tickets/T-1"),
    ("GET", "/tickets/T-1/context"),
    ("POST", "/tickets/T-1/feedback"),
    ("DELETE", "/customers/CUST-1001/data"),
    ("POST", "/kb/sync"),
    ("GET", "/kb/sync"),
]
PATHS = sorted({path for _, path in ROUTES})


@pytest.mark.local_only
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_token_it_is_401_and_with_a_wrong_one_403(api: Api, method: str, path: str) -> None:
    response = api.send(method, path, json={})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    response = api.send(method, path, json={}, headers={"Authorization": b"Bearer tok\xe9n"})
    refusal = {"Message": "User is not authorized to access this resource"}
    assert (response.status_code, response.json()) == (403, refusal)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_another_site_is_not_let_in(api: Api, path: str) -> None:
    preflight = api.send("OPTIONS", path, headers={"Origin": "https://desk.example.com"})
    assert preflight.status_code == 200
    assert "Access-Control-Allow-Origin" not in preflight.headers


def test_a_token_is_checked_before_the_body(api: Api) -> None:
    headers = {"Authorization": "Bearer wrong", "Content-Type": "text/plain"}
    assert api.send("POST", "/tickets", data=b"{", headers=headers).status_code == 403


def test_with_the_token_the_tickets_are_there_but_for_no_page(api: Api) -> None:
    response = api.send_as_agent("GET", "/tickets")
    assert set(response.json()) == {"tickets", "next", "correlation_id"}
    assert "Access-Control-Allow-Origin" not in response.headers
