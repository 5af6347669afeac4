"""Recognises that a customer asks for a person, so that this does not depend on the model.

Meant to miss rather than to mistake: "how do I add a person to my team?" is an ordinary question.
"""

import re

_PERSON = (
    r"(?:(?:real|live|actual|human|support|service|customer|care|help ?desk) )*"
    r"(?:human(?: being)?|person|agent|representative|rep|operator|manager|supervisor|advisor)"
)
_STAFF = (
    r"(?:(?:your|the) )?(?:(?:customer|technical|human) )?"
    r"(?:support(?: team| staff)?|customer (?:service|care)|support|help ?desk|service desk)"
)
_ARTICLE = r"(?:an? |the |your |one of your |some )?"
_ONE = rf"(?:{_ARTICLE}{_PERSON}|someone|somebody|one of your people)"
_END = (
    # Behind "the agent" may stand "token" and behind "a representative" "sample": only these may follow.
    r"(?=\W*$|[.!?,;:)]| (?:please|now|today|asap|immediately|right|directly|instead|here|about|regarding"
    r"|concerning|because|since|as|and|or|not|who|at|in|on|from|for|over|before|else|again|thanks)\b)"
)
_ASKING = (
    r"(?:talk|speak|chat|connect me|transfer me|put me through|put me in touch|hand me over|pass me on"
    r"|escalate (?:this|me|my (?:case|ticket|issue|problem)))"
)
_PATTERNS = (
    rf"\b{_ASKING} (?:to|with) (?:{_ONE}|{_STAFF}){_END}",
    rf"\b(?:get|give|find) me {_ONE}{_END}",
    rf"\b(?:can|could|may) (?:i|we) (?:please )?(?:get|have) {_ARTICLE}{_PERSON}(?: please)?(?=\W*$)",
    rf"\b(?:i want|i need|i['’]d like|i would like|i demand) {_ARTICLE}{_PERSON}"
    r"(?: please)?(?=\W*$|[.!?,] | now\b| to help me\b)",
    r"\b(?:i want|i need|i['’]d like|i would like) human (?:support|help|assistance)(?=\W*$|[.!?,] | now\b)",
    r"\b(?:can|could|have|let) (?:someone|somebody|a (?:real )?person|a human|an agent) (?:please )?"
    r"(?:call|contact|phone|ring) me\b(?! (?:if|when|once|before|after|unless))",
    r"\b(?:can|could) (?:a (?:real )?(?:person|human)|an agent) (?:please )?help me\b",
    r"\bis there (?:a (?:real )?(?:person|human)|anyone|someone) (?:(?:who|that) )?(?:i|we) (?:can|could) "
    r"(?:talk|speak) (?:to|with)\b",
    r"^\W*(?:(?:real|live|human|support|customer service) )?(?:agent|human|person|representative|operator)"
    r"(?: now)?(?: please)?\W*$",
    r"^\W*a (?:real )?(?:person|human)(?: please)?\W*$",
    r"\bmit (?:(?:einem|einer) (?:echten )?(?:menschen|mitarbeiter(?:in)?|person|berater(?:in)?)|jemandem"
    r"|(?:dem|eurem|ihrem) (?:support|kundendienst))\b.{0,20}\b(?:sprechen|reden|verbinden)",
    r"\bhablar con (?:una persona|un humano|un (?:agente|asesor|operador)|alguien)\b",
    r"\bparler (?:à|a|avec) (?:une (?:vraie )?personne|un (?:être )?(?:humain|agent|conseiller)"
    r"|quelqu['’]un)\b",
    r"\bparlare con (?:una persona|un operatore|un umano|qualcuno)\b",
    r"\bfalar com (?:uma pessoa|um (?:humano|atendente|agente)|alguém)\b",
    r"\bmet (?:een (?:echt )?(?:mens|medewerker|persoon)|iemand) (?:spreken|praten)\b",
    r"(?:人間|担当者|オペレーター)(?:の方)?(?:と話|に(?:つな|繋|代わ|替わ))",
    r"转人工|人工客服|(?:和|跟)(?:真人|人工)(?:说话|聊|交谈)|轉人工|真人客服",
)
_NOT_WANTED = re.compile(
    r"\b(?:(?:don['’]?t|do not|didn['’]?t|did not|never|without|no need to|rather than|instead of)"
    r"(?: (?:want|need|wish|have|having|like))*(?: to)?"
    r"|(?:my|our) (?:customers?|users?|clients?|visitors?|colleagues?|team)(?: \w+)?"
    r"|(?:can|do|may|will|let|for) (?:customers|users|clients|visitors|colleagues)(?: to)?"
    r") $",
    re.IGNORECASE,
)
"""What turns the words behind it into something else: "I don't want to …", "can my customers …"."""
_LOOK_BACK_CHARS = 60
_PERSON_REQUEST = re.compile("|".join(_PATTERNS), re.IGNORECASE)


def asks_for_a_person(text: str) -> bool:
    """Tell whether the customer asks to speak with a person."""
    line = " ".join(text.split())
    return any(
        not _NOT_WANTED.search(line[max(0, found.start() - _LOOK_BACK_CHARS) : found.start()])
        for found in _PERSON_REQUEST.finditer(line)
    )
