"""A hand-over goes to a stand-in of Zammad and its answer comes back, through the sample as it is run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from devstack.ports import HOST, free_port
from devstack.stage import read_local_stage
from tests.integration.api import Api, new_id
from tests.product import answers, within
from tests.zammad import GROUP, SECRET, TOKEN, Zammad, serving_zammad
from tooling.project import ROOT

WHSEC = "whsec_dGhlIGtleSBvZiB0aGlzIGVuZHBvaW50"
SECRET_ID = read_local_stage().webhooks_secret_id
CARRIED_SECONDS = 15

pytestmark = pytest.mark.local_only


@pytest.fixture
def zammad(api: Api) -> Iterator[Zammad]:
    """A stand-in of Zammad, and the program between it and the product."""
    port = free_port()
    with serving_zammad() as (zammad, url):
        settings = {
            "PORT": str(port),
            "SUPPORT_URL": api.url,
            "SUPPORT_TOKEN": api.agent_token,
            "SUPPORT_WEBHOOK_SECRET": WHSEC,
            "ZAMMAD_URL": url,
            "ZAMMAD_TOKEN": TOKEN,
            "ZAMMAD_WEBHOOK_SECRET": SECRET,
            "ZAMMAD_GROUP": GROUP,
            "ZAMMAD_UNKNOWN_CUSTOMER": "nobody@example.com",
        }
        program = subprocess.Popen(
            [sys.executable, str(ROOT / "samples" / "ticketing" / "zammad.py")],
            env={**os.environ, **settings},
        )
        assert within(10, lambda: answers(port))
        zammad.webhook_url = f"http://{HOST}:{port}/from-zammad"
        endpoint = {"url": f"http://{HOST}:{port}/from-assistant", "secret": WHSEC, "events": ["*"]}
        secrets = api.aws("secretsmanager")
        secrets.put_secret_value(SecretId=SECRET_ID, SecretString=json.dumps([endpoint]))
        yield zammad
        secrets.put_secret_value(SecretId=SECRET_ID, SecretString="[]")
        program.terminate()
        program.wait(10)


def answers_of_agents(api: Api, session_id: str) -> list[str]:
    messages = api.send("GET", f"/chat/{session_id}").json()["messages"]
    return [each["content"] for each in messages if each["role"] == "agent"]


def test_a_hand_over_is_answered_and_closed_in_zammad(api: Api, zammad: Zammad) -> None:
    session: dict[str, Any] = {"session_id": api.ask("Where is my parcel?")["session_id"]}
    contact = f"/chat/{session['session_id']}/contact"
    assert api.send("PUT", contact, json={"email": "ada@example.com"}).status_code == 200
    ticket_id = api.ask("I want to talk to a human", **session)["escalation"]["ticket_id"]
    assert within(CARRIED_SECONDS, lambda: len(zammad.tickets) == 1)
    assert zammad.tickets[1]["title"].endswith(f"[{ticket_id}]")
    assert zammad.users[zammad.tickets[1]["customer_id"]] == "ada@example.com"
    ((_, opening, _),) = zammad.written(1)
    assert "Customer: Where is my parcel?" in opening

    zammad.agent_writes(1, "She seems angry", internal=True)
    zammad.agent_writes(1, "<p>It comes <b>today</b>.</p>")
    assert within(CARRIED_SECONDS, lambda: answers_of_agents(api, session["session_id"]) != [])
    assert api.ask("At what time?", message_id=new_id(), **session)["handled_by"] == "agent"
    assert within(CARRIED_SECONDS, lambda: ("Customer", "At what time?", False) in zammad.written(1))

    zammad.agent_writes(1, "At noon", state="closed")
    read = f"/chat/{session['session_id']}"
    assert within(CARRIED_SECONDS, lambda: api.send("GET", read).json()["ticket"]["status"] == "closed")
    assert answers_of_agents(api, session["session_id"]) == ["It comes today.", "At noon"]
    assert api.ask("Thanks", **session)["handled_by"] == "assistant"
    assert len(zammad.written(1)) == 5
