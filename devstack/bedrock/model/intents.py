"""Recognise what needs no passage: small talk, and the wish to be helped by a person."""

import re

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

_LANGUAGE_HINTS = {
    "es": {"hablar", "quiero", "persona", "agente", "puedo", "necesito", "alguien", "chatear"},
    "fr": {"parler", "avec", "je", "veux", "voudrais", "quelquun", "conseiller", "humain"},
    "de": {"mit", "einem", "einer", "sprechen", "ich", "reden", "jemandem", "mochte", "menschen"},
    "it": {"parlare", "voglio", "vorrei", "operatore", "posso", "qualcuno", "una"},
    "pt": {"falar", "quero", "pessoa", "atendente", "preciso", "alguem", "uma", "com"},
}


def asks_for_person(message: str) -> bool:
    """Tell whether the customer asks to be helped by a person instead, in one of six languages."""
    words = " ".join(raw_words(message))
    return bool(_PERSON_REQUESTS.search(words)) and not _REFUSES_PERSON.search(words)


def small_talk(message: str) -> str | None:
    """Return "greeting", "thanks", "goodbye" or "identity" when the message is nothing else."""
    spoken = raw_words(message)
    words = " ".join(spoken) if len(spoken) <= _LONGEST_SMALL_TALK_WORDS else ""
    return next((key for key, pattern in _SMALL_TALK_PATTERNS if pattern.fullmatch(words)), None)


def language(message: str) -> str:
    """Return the language of a request for a person: es, fr, de, it, pt or, by default, en."""
    words = set(raw_words(message))
    best = max(_LANGUAGE_HINTS, key=lambda code: len(words & _LANGUAGE_HINTS[code]))
    return best if len(words & _LANGUAGE_HINTS[best]) > 1 else "en"
