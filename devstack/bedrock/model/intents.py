"""Recognise what needs no passage, small talk and the wish to be helped by a person, and what to reply."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from devstack.bedrock.search.text import raw_words

_PERSON = (
    r"(?:humans?|human being|persons?|people|agents?|representatives?|reps?|operators?|advis[eo]rs?|"
    r"managers?|"
    r"supervisors?|employees?|staff|someone|somebody|anyone|team ?member|support team|customer "
    r"(?:service|support|care))"
)
_LIVE_PERSON = (
    r"(?:human|human being|(?:real|live|actual|human) (?:person|human|agent|one|people|operator|"
    r"representative)|"
    r"agent|representative|rep|operator|supervisor|manager)"
)
_MODIFIERS = r"(?:(?:a|an|the|some|your|one of your|real|live|actual|human|support|customer|service|sales) )*"

_PERSON_REQUESTS = re.compile(
    "|".join(
        (
            rf"\b(?:talk|speak|chat|talking|speaking|chatting) (?:to|with) {_MODIFIERS}{_PERSON}\b",
            rf"\b(?:connect|transfer|put|pass|hand|switch|forward|escalate|refer) (?:me|us|"
            rf"this)\b.{{0,20}}\b{_PERSON}\b",
            rf"\b(?:get|give|find|send|bring) me {_MODIFIERS}{_LIVE_PERSON}\b",
            rf"\bi (?:need|want|prefer|demand|would like|d like|id like|want to reach|need to "
            rf"reach) {_MODIFIERS}"
            rf"(?:{_LIVE_PERSON}|person)(?: (?:please|now|to help|here|right now|immediately)|$)",
            r"\b(?:can|could|will|would) (?:some(?:one|body)|any(?:one|body)|you|a person|an agent) "
            r"(?:please )?"
            r"(?:call|phone|ring) me\b",
            r"\b(?:please|pls) (?:call|phone|ring) me\b|^(?:call|phone|ring) me\b",
            r"\b(?:is|are) there (?:a|an|any) (?:real |live |actual )?(?:human|person|people|agent)s?"
            r"(?: (?:here|there|i can (?:talk|speak|chat) (?:to|with)))?$",
            r"^(?:a |an )?(?:human|real person|live person|agent|live agent|human agent|operator|"
            r"representative|"
            r"person|customer service|live chat)(?: (?:please|pls|now))*$",
            r"\b(?:hablar|chatear|comunicarme|contactar|hable|ponme|pongame) con (?:un|una|algun|"
            r"alguna|el|la)? ?"
            r"(?:persona|agente|humano|representante|operador|operadora|asesor|asesora|alguien|ser "
            r"humano)\b",
            r"\b(?:persona real|agente humano)\b",
            r"\bparler (?:a|avec) (?:un |une |vrai |vraie |votre )*(?:humain|personne|agent|agente|"
            r"conseiller|"
            r"conseillere|operateur|etre humain|representant|quelquun)\b",
            r"\bmit (?:jemandem|(?:einem |einer |echten |richtigen |ihrem )*(?:menschen|person|mitarbeiter|"
            r"mitarbeiterin|berater|beraterin|agenten|kundendienst|kundenservice)) "
            r"(?:sprechen|reden|chatten|verbinden|verbunden|telefonieren)\b",
            r"\bparlare con (?:un |una )*(?:persona|operatore|operatrice|umano|qualcuno|agente|addetto)\b",
            r"\b(?:falar|conversar) com (?:um |uma )*(?:pessoa|atendente|humano|alguem|agente|operador)\b",
        )
    )
)
_REFUSES_PERSON = re.compile(
    r"\b(?:dont|do not|didnt|no need to|not) (?:want|need|wish|like|have)? ?(?:to )?(?:talk|speak|"
    r"chat|an?|any)\b"
)

# Whole messages, each with the key of its reply.
_SMALL_TALK = (
    (
        "greeting",
        r"(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|hola|"
        r"bonjour|salut|hallo|"
        r"guten (?:tag|morgen|abend)|moin|ciao|buongiorno|ola|bom dia)(?: (?:there|all|everyone|"
        r"again|you|team|bot))*",
    ),
    (
        "thanks",
        r"(?:(?:ok|okay|great|perfect|super|cool|nice|awesome|alright|all right|wonderful|thats|"
        r"that|it|this|was|is|"
        r"very|helpful|worked|works|got it|now|yes|no|good|many|fine|and|excellent|brilliant|lovely|"
        r"ah|oh) )*"
        r"(?:thanks|thank you|thank u|thx|ty|cheers|much appreciated|merci|danke|danke schon|"
        r"gracias|grazie|obrigado|obrigada)"
        r"(?: (?:so|very|a|lot|much|you|again|for|your|the|help|helping|me|that|all|beaucoup|mille|"
        r"bunch|million|"
        r"bye|now|vielmals|mate|helped|worked|it|this|was|great|perfect|really|helpful|information|"
        r"info|quick|"
        r"answer|reply))*",
    ),
    (
        "thanks",
        r"(?:ok|okay|great|perfect|super|cool|awesome|alright|got it|that helped|that worked|it works now|"
        r"wonderful|excellent|understood)(?: (?:great|cool|perfect|good|nice))*",
    ),
    (
        "goodbye",
        r"(?:ok |okay )?(?:bye|goodbye|good bye|bye bye|see you|see ya|cya|farewell|good night|au "
        r"revoir|tschuss|adios|"
        r"have a (?:nice|good|great) (?:day|evening|weekend|one|time))(?: (?:for now|later|soon|"
        r"then|bye))*",
    ),
    (
        "identity",
        r"(?:hi |hello |hey )?(?:who|what) (?:are|r) (?:you|u)(?: exactly)?|whats your name|what is "
        r"your name|"
        r"(?:are you|am i (?:talking|speaking|chatting) (?:to|with)|is this)"
        r" (?:an? )?(?:real )?(?:bot|chatbot|robot|human|person|real|ai|machine|chatgpt|gpt|claude|"
        r"llm|computer)"
        r"(?: or (?:an? )?(?:real )?(?:bot|chatbot|robot|human|person|ai|machine|computer))?|"
        r"what can you do(?: for me)?|what can i ask(?: you)?|how can you help(?: me)?|can you "
        r"help(?: me)?|help|"
        r"i need help|how are you(?: doing)?(?: today)?|whats up",
    ),
)
_SMALL_TALK_PATTERNS = tuple((key, re.compile(pattern)) for key, pattern in _SMALL_TALK)

_LONGEST_SMALL_TALK_WORDS = 12

_SMALL_TALK_REPLIES = {
    "greeting": "Hello! I'm an automated assistant. Ask me anything about our products and services, "
    "and I'll look it up in our help articles.",
    "thanks": "You're welcome! If there is anything else, just ask.",
    "goodbye": "Goodbye, and have a good day!",
    "identity": "I'm an automated assistant, not a person. I look up answers in our help articles; "
    "you can also ask me for a person.",
}

_LANGUAGE_HINTS = {
    "es": {"hablar", "quiero", "persona", "agente", "puedo", "necesito", "alguien", "chatear"},
    "fr": {"parler", "avec", "je", "veux", "voudrais", "quelquun", "conseiller", "humain"},
    "de": {"mit", "einem", "einer", "sprechen", "ich", "reden", "jemandem", "mochte", "menschen"},
    "it": {"parlare", "voglio", "vorrei", "operatore", "posso", "qualcuno", "una"},
    "pt": {"falar", "quero", "pessoa", "atendente", "preciso", "alguem", "uma", "com"},
}
_HAND_OVER_MESSAGES = {
    "en": "I'm handing this conversation over to our support team.",
    "es": "Paso esta conversación a nuestro equipo de soporte.",
    "fr": "Je transmets cette conversation à notre équipe d'assistance.",
    "de": "Ich gebe dieses Gespräch an unser Support-Team weiter.",
    "it": "Passo questa conversazione al nostro team di assistenza.",
    "pt": "Estou passando esta conversa para a nossa equipe de suporte.",
}


_ALREADY_HANDED_OVER = (
    "I'm an automated assistant: if I can look something up in our help articles meanwhile, just ask."
)
_SUMMARY_CHARACTERS = 400


@dataclass(frozen=True)
class HandOver:
    """The wish to hand the conversation to a person."""

    reason: str
    summary: str
    message: str


def answer_without_passages(
    question: str, earlier_questions: Sequence[str], may_hand_over: bool
) -> str | HandOver | None:
    """Answer small talk, or hand over when the customer asks for a person; None for anything else."""
    if not _asks_for_person(question):
        return _small_talk_reply(question)
    return _hand_over(question, earlier_questions) if may_hand_over else _ALREADY_HANDED_OVER


def needs_no_passage(message: str) -> bool:
    """Tell whether a message is small talk or the wish for a person."""
    return _asks_for_person(message) or _small_talk_reply(message) is not None


def _hand_over(question: str, earlier_questions: Sequence[str]) -> HandOver:
    before = f" Earlier questions: {' / '.join(earlier_questions[-3:])}" if earlier_questions else ""
    summary = " ".join(f"The customer asks for a person: {question}{before}".split())
    if len(summary) > _SUMMARY_CHARACTERS:
        summary = summary[: _SUMMARY_CHARACTERS - 1] + "…"
    return HandOver("customer_request", summary, _hand_over_message(question))


def _asks_for_person(message: str) -> bool:
    """Tell whether the customer asks to be helped by a person instead, in one of six languages."""
    words = " ".join(raw_words(message))
    return bool(_PERSON_REQUESTS.search(words)) and not _REFUSES_PERSON.search(words)


def _small_talk_reply(message: str) -> str | None:
    """Return what to reply when the message is a greeting, thanks, a goodbye or "who are you?" alone."""
    spoken = raw_words(message)
    words = " ".join(spoken) if len(spoken) <= _LONGEST_SMALL_TALK_WORDS else ""
    kinds = (kind for kind, pattern in _SMALL_TALK_PATTERNS if pattern.fullmatch(words))
    return next((_SMALL_TALK_REPLIES[kind] for kind in kinds), None)


def _hand_over_message(message: str) -> str:
    """Return what tells the customer that a person takes over, in the language of their request."""
    words = set(raw_words(message))
    best = max(_LANGUAGE_HINTS, key=lambda code: len(words & _LANGUAGE_HINTS[code]))
    return _HAND_OVER_MESSAGES[best if len(words & _LANGUAGE_HINTS[best]) > 1 else "en"]
