"""Who may read a document, by the attribute `access` of its sidecar, and who a caller is proven to be."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.errors import InvalidAccess

Access = tuple[str, ...] | None
"""The groups that may read a document, in the order of GROUPS; None is everybody, and no group is nobody."""

ATTRIBUTE = "access"
PUBLIC = "public"
CUSTOMER, AGENT = "customer", "agent"
TIERS = ("standard", "premium", "enterprise")
GROUPS = (CUSTOMER, *TIERS, AGENT)
"""`customer` is any proven one."""
FORM = f'Write "{PUBLIC}", or a list of {", ".join(GROUPS)}, such as ["{AGENT}"].'


@dataclass(frozen=True)
class Reader:
    """Who asks for documents, as the groups that this caller is proven to belong to."""

    groups: frozenset[str] = frozenset()

    def may_read(self, access: Access) -> bool:
        """Tell whether a document is for this reader."""
        return access is None or not self.groups.isdisjoint(access)


NOBODY_KNOWN = Reader()
AN_AGENT = Reader(frozenset({AGENT}))
ANY_CUSTOMER = Reader(frozenset({CUSTOMER, *TIERS}))
"""More than any one customer may read: for a search that begins before the tier is known."""


def customer_reader(customer_id: str | None, tier: str | None) -> Reader:
    """Return what a customer is as a reader; `tier` is None where it is not known."""
    if customer_id is None:
        return NOBODY_KNOWN
    return Reader(frozenset({CUSTOMER, tier} if tier in TIERS else {CUSTOMER}))


def widest_reader(customer_id: str | None) -> Reader:
    """Return the most that a caller may turn out to be once the tier is known."""
    return NOBODY_KNOWN if customer_id is None else ANY_CUSTOMER


def access_of(attributes: Mapping[str, object]) -> Access:
    """Return who may read a document with these attributes. Raises InvalidAccess."""
    for name in attributes:
        if name != ATTRIBUTE and "".join(filter(str.isalpha, name)).lower() == ATTRIBUTE:
            raise InvalidAccess(f"The attribute {name!r} is meant to be {ATTRIBUTE!r}. {FORM}")
    value = attributes.get(ATTRIBUTE, PUBLIC)
    if value == PUBLIC:
        return None
    if not isinstance(value, list) or not value:
        raise InvalidAccess(f"The attribute {ATTRIBUTE!r} is {value!r}. {FORM}")
    if unknown := [each for each in value if each not in GROUPS]:
        raise InvalidAccess(f"The attribute {ATTRIBUTE!r} names {unknown[0]!r}. {FORM}")
    return tuple(group for group in GROUPS if group in value)
