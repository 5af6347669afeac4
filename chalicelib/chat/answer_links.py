"""Leaves an answer the links to known hosts; all others become text that names the host.

A planted document can make a model write a link. So none stays that the team does not stand for, however
it is written: Markdown renderers differ, and what one of them could take for a link is none afterwards.
`mailto:` and `tel:` become text as well; the address and the number stay.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from html import unescape
from urllib.parse import urlsplit

from chalicelib.chat.citations import DEFINITION, MARK, MARK_LINK, CitedAnswer, resolve
from chalicelib.domain.conversation import Passage
from chalicelib.markdown_code import parts_of

KNOWN = re.compile(
    r"""(https?://([a-z0-9][a-z0-9.-]{0,252})(?::[0-9]{1,5})?)([/?#](?:(?!//|www\.)[^\s<>"'`\\|^{}\[\]\ue000])*)?""",
    re.IGNORECASE,
)
"""An address that every reader takes for the same, and browsers to the host that it shows."""
CODE = re.compile("\ue000([0-9]+)\ue001")
"""What stands for a piece of code while the text around it is rewritten; nobody else may write it."""
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ue000\ue001]")
_GAP = r"(?:[ \t]+(?:\n[ \t]*)?|\n[ \t]*)?"
_TARGET = (
    r"(?:<[^<>\n]*>|(?=[^\s)])[^\s()<>\ue000]*(?:\([^\s()<>\ue000]*\)[^\s()<>\ue000]*){0,8})"
    rf"""(?:{_GAP}(?:"[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))?"""
)
_BEHIND_LABEL = rf"{_GAP}(?:{_TARGET}{_GAP})?"
_COLON = r"(?:\\?:|&(?:\#0{0,5}58|\#x0{0,5}3a|colon);)"
_SLASH = r"(?:\\?/|&(?:\#0{0,5}47|\#x0{0,5}2f|sol);)"
SYNTAX = re.compile(
    rf"""
    (?P<definition>{DEFINITION})
  | (?P<mark>{MARK}){MARK_LINK}(?!:)      # has its source from `resolve`
  | !?\[(?P<label>[^\[\]\n<]*)\]\((?P<inline>{_BEHIND_LABEL})\)
  | \]\((?P<tail>{_BEHIND_LABEL})\)             # of a label with brackets in it
  | (?P<open>\]\()
  | \]:[ \t]*(?P<reference>https?://[^\s<>]{{1,1000}})(?=[ \t]*(?:\n|\Z))
  | (?P<colon>\]:)(?![ \t]+[^\s<]{{1,80}}[ \t]+[^\s"'(])  # before a sentence, it defines no link
  | <(?P<automatic>[a-z][a-z0-9+.-]{{0,31}}:[^\s<>]*)>
  | <(?P<mail>[^\s<>@]{{1,64}}@[^\s<>@]{{1,255}})>
  | (?P<anchor></?a(?=[\s/>])[^<>]*>)
  | (?P<line_break>(?<=[\w.,;:!?)])<br[ ]?/?>)  # at the start of a line, it would start raw HTML
  | <(?P<meant>del|ins|s|sup|sub)>(?P<meaningful>[^\s<>\ue000][^<>\n\ue000]{{0,199}})</(?P=meant)>
  | (?P<formatting></?(?:abbr|b|big|code|em|font|i|kbd|mark|small|span|strong|u)(?:[ ][^<>\n\ue000]*)?/?>)
  | (?P<tag>\\?<(?=[a-z/!?]))
  | (?P<bare>(?:[a-z][a-z0-9+.-]{{0,30}}{_COLON}{_SLASH}{_SLASH}|//(?=[\w-]{{1,63}}\.)|www\.)[^ \t\n<>]+)
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
SUSPECT = re.compile(r"\](?=[(:])|<|//|www\.|[&\\]", re.IGNORECASE)
"""What each piece of link syntax has; most answers have none of it."""
HREF = re.compile(r"""\bhref\s*=\s*["']?([^\s"'<>]*)""", re.IGNORECASE)
AUTHORITY = re.compile(r"(?:[a-z][a-z0-9+.-]{0,31}:)?[\\/]{2,9}(?:[^/?#\\]*@)?([^/?#\\:@]+)", re.IGNORECASE)
LINE_END = re.compile("\r\n?")
WWW = re.compile(r"www\.", re.IGNORECASE)
NOT_IN_A_HOST = re.compile(r"[^\w.-]|www\.", re.IGNORECASE)
CONTACT = re.compile(r"(?:mailto|tel):([\w.+@ -]+)", re.IGNORECASE)
ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])|[\x00-\x20\x7f]")
"""What Markdown and browsers drop from an address."""
AFTER_ADDRESS = re.compile(r"""[()\[\]"|*`\x7f-\U0010ffff]""")
END_OF_SENTENCE = "?!.,:;*_~'\")]|}"
ROUNDS = 8
"""What closes up around a removed link may be one again; nobody but an attacker nests them deep."""


def known_hosts(passages: Iterable[Passage], named: Iterable[str]) -> frozenset[str]:
    """Return the hosts that an answer may link to: those of its sources, and those that the team names."""
    of_sources = (urlsplit(passage.url).hostname for passage in passages if passage.url)
    return frozenset(filter(None, of_sources)) | frozenset(named)


def resolve_with_links(text: str, passages: Sequence[Passage], hosts: Collection[str]) -> CitedAnswer:
    """Return a model's answer with its citations resolved, and with links to these hosts alone."""
    cited = resolve(keep_known_links(text, hosts), passages)
    # A dropped mark can leave an address behind: `ht[9]tps://…`.
    if keep_known_links(cited.text, hosts) == cited.text:
        return cited
    return CitedAnswer(_disarmed(cited.text), cited.citations, cited.unanswered)


def keep_known_links(text: str, hosts: Collection[str]) -> str:
    """Return Markdown without links to other hosts; what surely is code stays to the letter.

    `*.example.com` among the hosts stands for all below it.
    """
    text = UNSEEN.sub("", LINE_END.sub("\n", text))
    if not SUSPECT.search(text):
        return text
    pieces = list(parts_of(text))
    prose = "".join(f"\ue000{n}\ue001" if is_code else each for n, (is_code, each) in enumerate(pieces))
    for _ in range(ROUNDS):
        before, prose = prose, SYNTAX.sub(_Rewriter(hosts), prose)
        if prose == before:
            break
    else:
        prose = _disarmed(prose)
    return CODE.sub(lambda found: pieces[int(found[1])][1], prose)


class _Rewriter:
    """Says what takes the place of each piece of link syntax of a text, from start to end."""

    def __init__(self, hosts: Collection[str]) -> None:
        self._hosts = hosts
        self._open_anchors: list[str] = []
        self._rewritings: Mapping[str | None, Callable[[re.Match[str]], str]] = {
            "definition": lambda _: "",
            "mark": lambda found: found["mark"],
            "inline": self._inline,
            "tail": lambda found: self._kept(found, "tail") or f"] ({found['tail']})",
            "open": lambda _: "] (",
            "reference": lambda found: self._kept(found, "reference") or f"] : {found['reference']}",
            "colon": lambda _: "] :",
            "automatic": lambda found: self._kept(found, "automatic") or _named(found["automatic"]),
            "mail": lambda found: found["mail"],
            "anchor": lambda found: self._anchor(found[0]),
            "meaningful": self._meaningful,
            "formatting": lambda _: "",
            "tag": lambda _: "&lt;",
            "bare": lambda found: self._bare(found[0]),
        }

    def __call__(self, found: re.Match[str]) -> str:
        rewriting = self._rewritings.get(found.lastgroup)
        return rewriting(found) if rewriting else found[0]

    def _inline(self, found: re.Match[str]) -> str:
        label, target = SYNTAX.sub(self, found["label"]), _target(found["inline"])
        if known := self._known(target):
            inside = found["inline"].replace(target, known, 1)
            return f"{'!' if found[0].startswith('!') else ''}[{label}]({inside})"
        host = _named(target)
        return f"{label} ({host})" if label.strip() and host and host not in label else label or host

    def _kept(self, found: re.Match[str], kind: str) -> str | None:
        target = _target(found[kind])
        known = self._known(target)
        return found[0].replace(target, known, 1) if known else None

    def _anchor(self, tag: str) -> str:
        if tag.startswith("</"):
            host = self._open_anchors.pop() if self._open_anchors else ""
            return f" ({host})" if host else ""
        href = HREF.search(tag)
        self._open_anchors.append(_named(href[1]) if href else "")
        return ""

    def _meaningful(self, found: re.Match[str]) -> str:
        """Keep tags without which a text says another thing, such as 10<sup>6</sup>."""
        return f"<{found['meant']}>{SYNTAX.sub(self, found['meaningful'])}</{found['meant']}>"

    def _bare(self, text: str) -> str:
        before = "https://" if text[:4].lower() == "www." else "https:" if text.startswith("//") else ""
        address = text.rstrip(END_OF_SENTENCE)
        if known := self._known(before + address):
            return known[len(before) :] + text[len(address) :]
        address = AFTER_ADDRESS.split(address, maxsplit=1)[0]
        return _named(before + address) + text[len(address) :]

    def _known(self, address: str) -> str | None:
        """Return an address of a known host, with a path so that what follows can't go on as the host."""
        found = KNOWN.fullmatch(address)
        if not found:
            return None
        labels = found[2].lower().split(".")
        wider = (f"*.{'.'.join(labels[n:])}" for n in range(1, len(labels)))
        is_known = found[2].lower() in self._hosts or any(each in self._hosts for each in wider)
        return found[1] + (found[3] or "/") if is_known else None


def _target(inside: str) -> str:
    """Return the address among what stands in the brackets of a link."""
    inside = inside.strip()
    return (
        inside[1:].partition(">")[0] if inside.startswith("<") else inside.split(None, 1)[0] if inside else ""
    )


def _named(address: str) -> str:
    """Return what an address leads to, as text that nothing takes for a link; empty if that is no host."""
    plain = ESCAPE.sub("", unescape(address))
    contact, authority = CONTACT.match(plain), AUTHORITY.match(plain)
    if contact:
        return contact[1]
    return NOT_IN_A_HOST.sub("", authority[1]) if authority else ""


def _disarmed(text: str) -> str:
    """Return a text in which nothing is a link: one that was made to pass for another is worth no more."""
    for syntax, apart in (("](", "] ("), ("]:", "] :"), ("<", "&lt;"), ("://", ": //"), ("//", "/ /")):
        text = text.replace(syntax, apart)
    return WWW.sub("www .", text)
