"""Masks credentials by where they stand: in an address, a header, a command line, or a block of lines."""

import re

from chalicelib.masking.formats import CREDENTIAL_MARK

PLACES = r"""
:// (?P<kept>(?<![a-z0-9+])https?://[^\s:/@?\#"'<>]{0,200}:)[^\s/"'<>]{1,200}(?=@[\w\[{$])

:// (?P<kept>(?<![a-z0-9+])(?!https?:)[a-z][a-z0-9+.-]{0,30}://[^\s:/@?\#"'<>]{0,200}:)
    (?!\d{1,5}/)[^\s"'<>]{1,200}(?=@[\w\[{$])           # up to the last @: here a password may hold slashes

@   (?P<kept>(?<![\w./@:-])[\w.-]{1,64}:)[^\s/@:"']{4,100}
    (?=@(?:(?:tcp|unix)?\(|[\w-]{1,60}(?:\.[\w-]{1,60}){0,5}:\d{2,5}\b))

hook|/bot|/key/
    (?P<kept>hooks\.slack\.com/(?:services|workflows|triggers)/ | \.webhook\.office\.com/webhookb2/
    | discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/ | hooks\.zapier\.com/hooks/catch/
    | hook\.[a-z0-9.]{1,20}make\.com/ | /open-apis/bot/v2/hook/ | /cgi-bin/webhook/send\?key=
    | api\.telegram\.org/(?:file/)?bot | maker\.ifttt\.com/trigger/\w{1,60}/with/key/)[^\s"'<>)\]]+

=   (?P<kept>[?&;](?:sig|signature|x-amz-(?:signature|security-token)|x-goog-signature|hmac|code|otp)=)
    [a-z0-9%/+=_.-]{20,}

bearer (?P<kept>\bbearer\s{1,3})(?=[^\s"'\d]{0,99}\d)[a-z0-9._~+/=-]{16,}

basic|"auth"
    (?P<kept>\bbasic\s{1,3}|"auth"\s{0,3}:\s{0,3}")     # base64, which no word looks like
    (?-i:(?=[A-Z0-9+/_-]{0,20}[a-z][a-z0-9+/_-]{0,30}[A-Z]))[a-z0-9+/_-]{8,}={0,2}

cookie (?P<kept>\b(?:set-)?cookie["']?\s{0,3}:\s{0,3}["']?[\w.-]{1,60}=)[^\s"';]{8,}[^\n"']*

curl|http|wget|--|mysql|sshpass|redis|docker|identified
    (?P<kept>(?<!\S)(?:-u|--user|--proxy-user|-a|--auth)[ =]?["']?[^\s:"'/]{1,100}:
    | \b(?:sshpass|redis-cli|docker\s{1,3}login|mysql(?:dump|admin)?)\b[^\n|]{0,100}?\s(?:-p|-a)\s{0,3}
    | (?<!\S)--(?:password|passwd|token|secret|api-key)\s | \bidentified\s{1,3}by\s{1,3}(?=["']))
    (?!\s|--)(?:"[^"\n]{1,200}"|'[^'\n]{1,200}'|[^\s"']{3,})

wifi: (?P<kept>\bWIFI:[^\n]{0,100}?;P:)[^;\s]{3,}

p:|p=|pass|pw (?P<kept>\bu(?:ser)?\s?[:=]\s?\S{1,60}\s{1,3}p(?:ass|w)?\s?[:=]\s?)[^\s,;]{4,}

log|cred|daten|ident|dane|pass|pw
    (?P<kept>(?:\b(?:log-?ins?|creds|credentials|zugangsdaten|anmeldedaten|logindaten|identifiants|credenciales
        |credenciais|credenziali|inloggegevens|dane\ logowania)
      |\b(?:user(?:name)?|e-?mail|login|id|benutzer\w{0,5})\s?(?:/|&|\+|and|und)\s?(?:password|passwort|pw|pass))
      ["']?\s?(?:[:：=]|\bis\b|\bare\b)\s{0,3}[^\s/|:,;"']{2,40}(?:\s?[/|:,;]|\s(?:and|und)\s)\s?["'`]?)
    (?=[a-z]{0,39}[\d@\#$%^&!])(?=[^\s"'`,;a-z]{0,39}[a-z])[^\s"'`,;]{4,80}
"""
"""What a text must hold for a place to be looked for, and the place; what is `kept` says what is missing."""
PATTERNS = tuple(
    (hints.split("|"), re.compile(place, re.VERBOSE | re.IGNORECASE))
    for hints, place in (paragraph.split(None, 1) for paragraph in PLACES.split("\n\n"))
)
_BEGIN = (
    r"(?:[-–—]{2,5}\ ?BEGIN\ [A-Z0-9 ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?\ ?[-–—]{2,5}|PuTTY-User-Key-File-\d:)"
)
_END = _BEGIN.replace("BEGIN", "END").replace(
    r"PuTTY-User-Key-File-\d:", r"Private-(?:MAC|Hash):[ \t]*[0-9a-f]*"
)
KEY_BLOCK = re.compile(
    rf"""{_BEGIN}(?: (?:(?!{_BEGIN})[^\0])*?{_END}
      | [^\n]{{0,60}} (?:                                  # cut off: up to the next prose
        (?:\s|\\[nrt]|>[ ]){{0,8}}                        # between lines, also quoted or escaped ones
        (?: (?:Proc-Type|DEK-Info|Version|Comment|Encryption|(?:Public|Private)-Lines):[^\n]{{0,200}}
          | [a-z0-9+/=]{{16,}} | (?<=\n)[a-z0-9+/=]{{1,100}}(?=[ \r]{{0,4}}(?:\n|\Z))
          | [-–—]{{2,5}}[ ]?E(?:N(?:D[A-Z0-9 ]{{0,40}}[-–—]{{0,5}})?)? )  # what is left of the END line
      )* )""",
    re.VERBOSE | re.IGNORECASE,
)


def mask_key_blocks(text: str, folded: str) -> str:
    """Return the text with each private key as `[credential]`; `folded` is the text in lower case."""
    return KEY_BLOCK.sub(CREDENTIAL_MARK, text) if "private key" in folded or "putty" in folded else text


def mask_places(text: str, folded: str) -> str:
    """Return the text with what logs somebody in as `[credential]`; `folded` is the text in lower case."""
    for hints, place in PATTERNS:
        if any(hint in folded for hint in hints):
            text = place.sub(rf"\g<kept>{CREDENTIAL_MARK}", text)
    return text
