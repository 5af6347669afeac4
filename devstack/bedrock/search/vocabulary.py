"""What a help centre's words mean: words to ignore, phrases that are one word, words that mean the same.

Nothing here knows an article. The lists are general English and the everyday vocabulary of support.
"""

# Words that carry no subject: never indexed, never searched for.
STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any anybody anyone anything are arent as at be because been
    before being below between both but by can could did didnt do does doesnt doing done dont during each
    either else etc ever every everyone everything few for from further had hadnt has hasnt have havent
    having he hed hell hello her here heres hers herself hes hey hi him himself his how hows i id if ill im
    in into is isnt it itd itll its itself ive just lets like me might mine more most much must my myself
    neither no nor not now of off on once one ones only onto or other others ought our ours ourselves out
    over own per please pls rather same shall she shes should shouldnt since so some somebody someone
    something such than thank thanks that thats the their theirs them themselves then there theres these
    they theyd theyll theyre theyve thing things this those though through thru to too u under until up upon
    us very via was wasnt we wed well were werent weve what whatever whats when whenever where wheres
    whether which while who whoever whom whos whose why will with within without wont would wouldnt yes yet
    you youd youll your youre yours yourself youve
    """.split()  # noqa: SIM905 (a list of quoted words is no easier to read)
)

# Words of asking rather than of the subject: they count for little in a question.
FILLER_WORDS = frozenset(
    """
    able accidentally actually ago allow allowed already always another anymore anyway apparently around ask
    asked available away back basically believe best better bit called certain correct correctly currently
    easily easy eligible end even exactly exist explain figure find first get gets getting give given go
    goes going gone good got great guess guys happen happened happening happens help hope idea instead issue
    keep keeps kind know known knows last let little long look looking lot made make makes making manage
    many maybe mean means method mind need needed needs never new nice often ok okay option options
    possibility possible possibly problem properly question quick quickly quite really right said same say
    says see seem seems show showing simple simply somehow sometimes someway soon sorry sort specific still
    stuff suddenly suppose sure take takes taking tell think thought tried try trying turn two use used
    using usually want wanted wants way ways wish wonder wondering work working works
    """.split()  # noqa: SIM905 (a list of quoted words is no easier to read)
)

# Two words that people also write as one: (first, second); the first in any form -> the one word both become.
PHRASES = {
    ("log", "in"): "login", ("log", "into"): "login", ("log", "on"): "login", ("sign", "in"): "login",
    ("sign", "into"): "login", ("sign", "on"): "login", ("log", "out"): "logout", ("log", "off"): "logout",
    ("sign", "out"): "logout", ("sign", "off"): "logout", ("sign", "up"): "signup", ("set", "up"): "setup",
    ("back", "up"): "backup", ("check", "out"): "checkout", ("e", "mail"): "email", ("wi", "fi"): "wifi",
    ("user", "name"): "username", ("pass", "word"): "password", ("pass", "code"): "passcode",
    ("time", "zone"): "timezone", ("web", "site"): "website", ("on", "line"): "online",
    ("off", "line"): "offline", ("add", "on"): "addon", ("plug", "in"): "plugin",
    ("spread", "sheet"): "spreadsheet", ("screen", "shot"): "screenshot", ("short", "cut"): "shortcut",
    ("pop", "up"): "popup", ("web", "hook"): "webhook", ("down", "time"): "downtime",
    ("money", "back"): "refund", ("voice", "mail"): "voicemail", ("key", "board"): "keyboard",
    ("drop", "down"): "dropdown", ("tool", "bar"): "toolbar", ("home", "page"): "homepage",
    ("web", "page"): "webpage", ("work", "space"): "workspace", ("time", "line"): "timeline",
    ("play", "list"): "playlist", ("book", "mark"): "bookmark",
    ("hand", "over"): "handover", ("open", "hours"): "hours", ("roll", "back"): "rollback",
    ("get", "rid"): "remove", ("turn", "off"): "disable", ("switch", "off"): "disable",
    ("shut", "off"): "disable", ("turn", "on"): "enable", ("switch", "on"): "enable", ("2", "fa"): "2fa",
    ("two", "factor"): "2fa", ("2", "factor"): "2fa", ("two", "step"): "2fa", ("2", "step"): "2fa",
    ("multi", "factor"): "2fa",
}  # fmt: skip

_ORDERED_GOODS = ("order", "parcel", "package", "delivery", "shipment", "item", "stuff", "purchase")

# What a question says without the word: they count as little as filler words do.
HINTS = {
    **{f"where{is_} my {goods}": "track" for is_ in (" is", "s") for goods in _ORDERED_GOODS},
    "how much is": "cost", "how much does": "cost", "how much do": "cost", "how much are": "cost",
    "how much for": "cost", "how long does": "time", "how long do": "time", "how long will": "time",
    "not working": "problem", "stopped working": "problem", "doesnt work": "problem",
    "does not work": "problem",
}  # fmt: skip

# Written one way or the other, meant the same; mapped before stemming.
SPELLINGS = {
    "cant": "cannot", "couldnt": "cannot", "unable": "cannot", "signin": "login", "logon": "login",
    "signout": "logout", "logoff": "logout", "mfa": "2fa", "emails": "email", "mail": "email",
    "mails": "email", "logins": "login", "gmails": "gmail", "colour": "color", "colours": "colors",
    "organisation": "organization", "organisations": "organizations", "organise": "organize",
    "cancelled": "canceled", "cancelling": "canceling", "cancellation": "cancel",
    "authorisation": "authorization", "customise": "customize", "centre": "center", "licence": "license",
    "favourite": "favorite", "favourites": "favorites", "cheque": "check", "synchronise": "sync",
    "synchronize": "sync", "synchronization": "sync", "synced": "sync", "syncing": "sync",
    "pwd": "password", "passwort": "password", "acct": "account", "config": "configure",
    "docs": "documents", "doc": "document", "pics": "pictures", "pic": "picture", "app": "application",
    "apps": "applications", "info": "information", "sms": "text", "hrs": "hours", "mins": "minutes",
    "vids": "videos", "vid": "video", "bought": "buy", "sent": "send", "paid": "pay", "forgot": "forget",
    "forgotten": "forget", "lost": "lose", "kept": "keep", "came": "come", "chose": "choose",
    "chosen": "choose", "broken": "break", "broke": "break", "stolen": "steal", "hid": "hide",
    "hidden": "hide", "shown": "show", "written": "write", "wrote": "write", "spent": "spend",
    "sold": "sell", "deletion": "delete", "removal": "remove", "renewal": "renew", "payment": "pay",
    "payments": "pay", "delivery": "deliver", "deliveries": "deliver", "shipment": "ship",
    "shipments": "ship", "shipping": "ship", "arrival": "arrive",
}  # fmt: skip

# Words that can stand for one another in a help centre. A match by one of these counts less than the word.
SYNONYM_GROUPS = (
    "cancel stop terminate quit unsubscribe",
    "invoice bill billing receipt",
    "pay charge debit billing",
    "parcel package deliver ship post courier",
    "refund reimburse reimbursement",
    "refund return",
    "change update edit modify switch alter adjust",
    "delete remove erase clear close deactivate rid",
    "buy purchase order",
    "price cost pricing fee expensive charge",
    "plan subscription tier",
    "login authenticate access",
    "signup register registration create join open",
    "create add make new",
    "invite add",
    "product item goods article merchandise",
    "receive arrive come",
    "remember forget recall",
    "generate create",
    "wipe erase delete",
    "swap exchange",
    "retry repeat again attempt",
    "register signup",
    "relocate move",
    "publish leak expose",
    "alert inform notify tell announce",
    "hack compromise breach phish scam fraud fraudulent suspicious fake",
    "require mandatory force enforce compulsory must",
    "decline reject refuse deny fail",
    "policy rule term condition guideline",
    "verify check validate confirm",
    "fast quick quickly rapid speed",
    "answer respond response reply",
    "recognize recognise spot detect identify",
    "replace change swap exchange",
    "pagination paging page",
    "question query request",
    "device hardware equipment machine",
    "begin start launch",
    "finish end expire expiry",
    "vacation holiday",
    "cheap discount price",
    "suggest suggestion feedback idea",
    "complain complaint unhappy dissatisfied",
    "picture photo image avatar",
    "phone mobile smartphone cell telephone",
    "address location",
    "document file",
    "folder directory",
    "error fail failure problem bug crash",
    "outage downtime down offline incident unavailable",
    "block ban blacklist",
    "disable deactivate stop prevent",
    "enable activate allow",
    "hide conceal invisible",
    "find search locate lookup",
    "view see display show",
    "download export save backup",
    "upload import attach",
    "transfer move migrate",
    "merge combine join consolidate",
    "split divide separate",
    "duplicate copy clone",
    "share collaborate send",
    "notification alert reminder",
    "email message inbox",
    "contact reach call",
    "employee member colleague teammate staff user coworker people person",
    "team workspace organization company",
    "admin administrator owner",
    "role permission right access privilege",
    "password passcode credential passphrase",
    "reset recover recovery forget lose restore",
    "restore recover undelete undo",
    "voucher coupon discount promo",
    "trial demo free",
    "tax vat",
    "card visa mastercard",
    "privacy gdpr personal",
    "security secure protect safe",
    "token key",
    "limit quota maximum max cap restrict",
    "slow performance lag speed",
    "late delay overdue arrive",
    "track trace locate",
    "broken damage defect faulty",
    "language locale translate",
    "schedule automatic automatically automate",
    "multiple several many bulk mass",
    "list overview",
    "remove rid",
    "archive store",
    "rename name",
    "default standard",
    "mark tag label",
    "sort order arrange",
    "filter rule",
    "calendar event",
    "comment reply respond",
    "tweet post",
    "video clip",
    "link url",
    "spreadsheet sheet",
    "webpage page website site",
    "renew renewal extend",
    "upgrade downgrade plan",
    "weekend saturday sunday",
    "2fa authenticator verification",
    "sla uptime",
    "sso saml okta",
)
