"""Look into WordprocessingML by local names: Word writes it in two namespaces, other programs in more."""

from collections.abc import Iterator

from lxml import etree

_OFF = frozenset({"0", "false", "off"})


def name_of(element: etree._Element) -> str:
    """Return an element's name without its namespace; an empty one for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """Yield the children with a name."""
    return (child for child in element if name_of(child) == name) if element is not None else iter(())


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """Return the first descendant along a path of names."""
    for name in path:
        element = next(children(element, name), None)
    return element


def attribute(element: etree._Element | None, name: str = "val") -> str | None:
    """Return an attribute, whatever its namespace."""
    if element is None:
        return None
    return next((str(value) for key, value in element.items() if str(key).rpartition("}")[2] == name), None)


def number(element: etree._Element | None, name: str = "val", default: int = 0) -> int:
    """Return an attribute as a number."""
    value = attribute(element, name) or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else default


def is_on(properties: etree._Element | None, *names: str) -> bool:
    """Tell whether one of these switches is there and not turned off."""
    found = (switch for name in names for switch in children(properties, name))
    return any(attribute(switch) not in _OFF for switch in found)
