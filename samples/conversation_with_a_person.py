"""A customer and an agent talk over plain HTTP, while `python3 dev.py run` runs."""

import argparse
import json
import time
import urllib.request
import uuid

WITHIN_SECONDS = 5


class Api:
    """The API, asked as a customer or, with a token, as an agent."""

    def __init__(self, url, token=""):
        self.url = url.rstrip("/")
        known = {"Authorization": f"Bearer {token}"} if token else {}
        self.headers = {"Content-Type": "application/json", **known}

    def send(self, method, path, **body):
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.url + path, data, self.headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def ask(self, query, **session):
        # With an id of its own a message can be sent again safely.
        return self.send("POST", "/chat", query=query, message_id=str(uuid.uuid4()), **session)


def say(who, what):
    print(f"{who + ':':<10}{what}", flush=True)


def within_seconds(look):
    """Return what `look` finds, as soon as it finds something."""
    until = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.5)
    raise SystemExit(f"Nothing came within {WITHIN_SECONDS} seconds.")


class Customer:
    """Asks in a chat, and reads on from where the last reading ended."""

    def __init__(self, api):
        self.api = api
        opened = api.ask("Hello, I would like to talk to a person about a parcel")
        self.session = {"session_id": opened["session_id"]}
        self.path = f"/chat/{opened['session_id']}"
        self.ticket_id = opened["escalation"]["ticket_id"]
        say("customer", f"asks for a person: ticket {self.ticket_id}")
        self.newest = api.send("GET", self.path)["newest"]

    def leave_address(self, email):
        kept = self.api.send("PUT", f"{self.path}/contact", email=email, name="Ada")
        say("customer", f"can be reached at {kept['email']}")

    def read_replies(self):
        news = self.api.send("GET", f"{self.path}?after={self.newest}")
        self.newest = news["newest"]
        return [message for message in news["messages"] if message["role"] == "agent"]

    def wait_for_reply(self):
        reply = within_seconds(self.read_replies)[0]
        say("customer", f"reads of {reply['author']}: {reply['content']}")
        return reply

    def write(self, text):
        answer = self.api.ask(text, **self.session)
        say("customer", f"writes to the {answer['handled_by']}: {text}")
        return answer


def talk(customer, agent):
    """Let an agent answer a customer until the ticket is closed."""

    def find_ticket():
        tickets = agent.send("GET", "/tickets?status=open")["tickets"]
        return next((t for t in tickets if t["ticket_id"] == customer.ticket_id and t["contact"]), None)

    ticket = within_seconds(find_ticket)
    path = f"/tickets/{ticket['ticket_id']}"
    say("agent", f"sees {ticket['ticket_id']} of {ticket['contact']['email']}: {ticket['description']}")
    agent.send("PATCH", path, assignee="Agent", priority="high")
    draft = agent.send("POST", f"{path}/draft", instruction="Ask for the order number.")
    say("agent", f"is offered a draft of {len(draft['draft'])} characters, and writes another reply")
    agent.send("POST", f"{path}/replies", message="Hello Ada, what is the order number?", reply_id="r-1")
    customer.wait_for_reply()
    customer.write("It is ORD-2041.")
    say("agent", f"reads: {agent.send('GET', f'{path}/context')['transcript'][-1]['content']}")
    agent.send("POST", f"{path}/replies", message="It arrives today.", reply_id="r-2", close=True)
    reply = customer.wait_for_reply()
    customer.api.send("POST", f"{customer.path}/feedback", message_id=reply["message_id"], rating="up")
    said = agent.send("GET", f"{path}/context")["feedback"][-1]
    say("agent", f"hears from the {said['source']} that it is {'' if said['helpful'] else 'not '}solved")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--token", default="local-agent-token")
    options = parser.parse_args()
    agent = Api(options.url, options.token)
    customer = Customer(Api(options.url))
    customer.leave_address("ada@example.com")
    talk(customer, agent)
    again = customer.write("I would like to talk to a person again")
    say("customer", f"gets a new ticket: {again['escalation']['ticket_id']}")
    for event in reversed(agent.send("GET", "/events?limit=100")["events"]):
        if event["data"].get("ticket_id") == customer.ticket_id:
            say("others", f"are told {event['type']}")


if __name__ == "__main__":
    main()
