"""A desk on an ordinary morning: tickets from the chat and from elsewhere, answered and not."""

from tests.integration.api import Api

HUMAN = "I want to talk to a human, please"


def fill(api: Api) -> str:
    """Open tickets as customers and a ticketing system would; return the id of the one to look at."""
    api.post_ticket(
        customer_external_id="CUST-1004",
        subject="Re: Invoice for October is missing our VAT number",
        description="Hello,\n\nour invoice for October does not show our VAT number. Can you correct it?",
        channel="email",
        external_ticket_id="ZD-4117",
        metadata={"mailbox": "billing", "tags": ["invoice"]},
    )
    api.post_ticket(
        customer_external_id="CUST-1009",
        subject="Card reader does not pair with the till",
        description="It blinks blue and never connects. The shop opens at nine.",
        channel="phone",
        priority="urgent",
    )
    _stranger(api)
    _answered(api)
    return _waiting(api)


def _stranger(api: Api) -> None:
    session_id = api.ask("Can I pay by bank transfer?")["session_id"]
    api.ask(HUMAN, session_id=session_id)
    api.send("PUT", f"/chat/{session_id}/contact", json={"name": "Noor", "email": "noor@example.org"})


def _answered(api: Api) -> None:
    """Leave a conversation in which an agent has replied, and the customer has written again."""
    proof = api.proof_of("CUST-1006")
    session_id = api.ask("How do I export my data?", **proof)["session_id"]
    escalation = api.ask(HUMAN, session_id=session_id, **proof)["escalation"]
    ticket = f"/tickets/{escalation['ticket_id']}"
    api.send_as_agent("PATCH", ticket, json={"assignee": "Agent"})
    api.send_as_agent("POST", f"{ticket}/replies", json={"message": "I have started the export for you."})
    api.ask("Thank you! Will it hold the archived orders too?", session_id=session_id, **proof)


def _waiting(api: Api) -> str:
    """Leave a conversation of a known customer that waits for an agent."""
    proof = api.proof_of("CUST-1001")
    session_id = api.ask("My barcode scanner arrived damaged. What now?", **proof)["session_id"]
    api.ask("And who pays for sending it back?", session_id=session_id, **proof)
    escalation = api.ask(f"{HUMAN}: the box was crushed", session_id=session_id, **proof)["escalation"]
    ticket_id: str = escalation["ticket_id"]
    api.send_as_agent("PATCH", f"/tickets/{ticket_id}", json={"priority": "high"})
    return ticket_id
