"""The page's colours from a brand's: as they are where text stands on them, and readable where they are text.

Contrast is that of WCAG 2. It never falls below 4.5 to 1, whatever the brand's colour.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LEAST_CONTRAST = 4.5
BLACK, WHITE = "#000000", "#ffffff"
USUAL_COLOR = "#0e6b62"
"""The page's own, of theme.css by day."""
_STEPS = 50
_HOVER_SHARE = 0.15
_LEAST_SEEN = 1.5


@dataclass(frozen=True)
class Theme:
    """Light or dark: what text in the brand's colour stands on, and which way it becomes more readable."""

    surface: str
    others: tuple[str, ...]
    line: str
    away: str
    soft_share: float
    """How much of the brand's colour is in the ground of marks."""


# The grounds are those of theme.css: --surface, --page and --code, and the line is --control.
LIGHT = Theme("#ffffff", ("#f4f6f7", "#eef1f3"), "#7d8b94", BLACK, 0.12)
DARK = Theme("#182026", ("#0f1418", "#222c33"), "#71818b", WHITE, 0.2)


def brand_style(color: str) -> str:
    """Return the style sheet that puts a brand's colour into the page; none for no colour."""
    if not color:
        return ""
    light, dark = (_rule(color, theme) for theme in (LIGHT, DARK))
    return f"{light}@media (prefers-color-scheme:dark){{{dark}}}"


def palette(color: str, theme: Theme) -> dict[str, str]:
    """Return the page's colours by the names of their custom properties."""
    fill = plain(color)
    on_fill = ink_on(fill)
    soft = _mixed(theme.surface, fill, theme.soft_share)
    accent = _readable(fill, (soft, theme.surface, *theme.others), theme.away)
    return {
        "fill": fill,
        "on-fill": on_fill,
        "fill-strong": _mixed(fill, WHITE if on_fill == BLACK else BLACK, _HOVER_SHARE),
        "bubble": fill,
        "on-bubble": on_fill,
        "fill-line": "transparent" if _stands_out(fill, theme) else theme.line,
        "accent": accent,
        "accent-strong": _mixed(accent, theme.away, _HOVER_SHARE),
        "accent-soft": soft,
    }


def plain(color: str) -> str:
    """Return a colour of three or six digits as `#rrggbb`."""
    digits = color[1:].lower()
    return f"#{digits}" if len(digits) == 6 else "#" + "".join(2 * digit for digit in digits)


def ink_on(color: str) -> str:
    """Return white where it is readable on a colour, else black, which then is."""
    return WHITE if contrast(WHITE, color) >= LEAST_CONTRAST else BLACK


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _rule(color: str, theme: Theme) -> str:
    return ":root{" + "".join(f"--{name}:{value};" for name, value in palette(color, theme).items()) + "}"


def _stands_out(color: str, theme: Theme) -> bool:
    """Say whether a button of a colour is seen as one without a line around it."""
    return min(contrast(color, ground) for ground in (theme.surface, *theme.others)) >= _LEAST_SEEN


def _readable(color: str, grounds: Iterable[str], away: str) -> str:
    """Return the nearest colour, on the way to black or white, that is readable on all grounds."""
    candidates = (_mixed(color, away, step / _STEPS) for step in range(_STEPS + 1))
    return next(
        (each for each in candidates if all(contrast(each, ground) >= LEAST_CONTRAST for ground in grounds)),
        away,
    )


def _mixed(color: str, other: str, share: float) -> str:
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _channels(color: str) -> Iterator[int]:
    return (int(color[at : at + 2], 16) for at in (1, 3, 5))
