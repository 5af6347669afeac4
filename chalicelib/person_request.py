"""Recognises that a customer asks for a person: the net under the model, so that no such wish is lost.

Meant to miss rather than to mistake: "how do I add a person to my team?" is an ordinary question.
"""

import re

_WHO = (
    r"(?:(?:real|live|actual|human|support|service|customer) )*"
    r"(?:human|person|being|agent|representative|rep|operator)"
)
_ARTICLE = r"(?:an? |the |your |one of your )?"
_ASKING = (
    r"(?:talk|speak|chat|connect me|transfer me|put me through|put me in touch|hand me over|escalate this)"
)
_PATTERNS = (
    rf"\b{_ASKING} (?:to|with) {_ARTICLE}{_WHO}\b(?!['’]s)",
    rf"\b{_ASKING} (?:to|with) (?:someone|somebody|{_ARTICLE}(?:manager|supervisor|human being))\b",
    rf"\b(?:get|give|find) me {_ARTICLE}{_WHO}\b",
    rf"\b(?:i want|i need|i['’]d like|i would like) {_ARTICLE}{_WHO}(?: please)?(?=\W*$|[.!?,] | now\b)",
    r"\b(?:can|could|will|would|have) (?:someone|somebody|a person|a human|an agent) (?:please )?"
    r"(?:call|contact|phone|ring|help) me\b",
    r"^\W*(?:an? )?(?:real |live )?(?:agent|human|person|representative|operator)(?:,? please)?\W*$",
    r"\bmit (?:einem|einer) (?:echten )?(?:menschen|mitarbeiter(?:in)?|person)\b"
    r".{0,20}\b(?:sprechen|reden|verbinden)",
    r"\bhablar con (?:una persona|un humano|un agente|alguien)\b",
    r"\bparler (?:à|a|avec) (?:une (?:vraie )?personne|un (?:humain|agent|conseiller)|quelqu['’]un)\b",
    r"\bparlare con (?:una persona|un operatore|un umano|qualcuno)\b",
    r"\bfalar com (?:uma pessoa|um (?:humano|atendente|agente)|alguém)\b",
)
_PERSON_REQUEST = re.compile("|".join(_PATTERNS), re.IGNORECASE)


def asks_for_a_person(text: str) -> bool:
    """Tell whether the customer asks to speak with a person."""
    return _PERSON_REQUEST.search(" ".join(text.split())) is not None
