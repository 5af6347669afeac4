"""Places on a PDF page, in points from its lower left corner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle; a line has no height."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def union(self, other: Box) -> Box:
        """Return the smallest box around both."""
        return Box(
            min(self.left, other.left),
            max(self.right, other.right),
            min(self.bottom, other.bottom),
            max(self.top, other.top),
        )


@dataclass(frozen=True)
class Piece(Box):
    """Text on one line: a word, or several without a wide gap between them.

    `size` is that of its letters; `parts` are what wider spaces than usual part, where there are such.
    """

    text: str
    size: float = 0.0
    parts: tuple[Piece, ...] = ()
