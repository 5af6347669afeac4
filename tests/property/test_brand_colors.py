"""Whatever a brand's colour, what is written on it and in it is readable, in the light and in the dark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.web.colors import BLACK, DARK, LEAST_CONTRAST, LIGHT, WHITE, Theme, contrast, palette

colors = st.integers(0, 0xFFFFFF).map("#{:06x}".format) | st.integers(0, 0xFFF).map("#{:03X}".format)
INK = {LIGHT: "#1a2329", DARK: "#e6ecef"}
PAIRS = (
    ("on-fill", "fill"),
    ("on-fill", "fill-strong"),
    ("on-bubble", "bubble"),
    ("accent", "accent-soft"),
    ("accent-strong", "accent-soft"),
)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@given(color=colors)
def test_text_and_ground_are_never_nearer_than_they_may_be(theme: Theme, color: str) -> None:
    found = palette(color, theme)
    for text, ground in PAIRS:
        assert contrast(found[text], found[ground]) >= LEAST_CONTRAST, (text, ground)
    for ground in (theme.surface, *theme.others):
        assert contrast(found["accent"], ground) >= LEAST_CONTRAST
        assert contrast(found["accent-strong"], ground) >= LEAST_CONTRAST
    assert contrast(INK[theme], found["accent-soft"]) >= LEAST_CONTRAST


@given(color=colors)
def test_the_brand_s_own_colour_stays_where_text_stands_on_it(color: str) -> None:
    digits = color[1:].lower()
    whole = color.lower() if len(digits) == 6 else "#" + "".join(digit * 2 for digit in digits)
    for theme in (LIGHT, DARK):
        assert palette(color, theme)["fill"] == palette(color, theme)["bubble"] == whole


def test_contrast_is_that_of_the_guideline() -> None:
    assert contrast(WHITE, BLACK) == 21
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)
    assert contrast("#0e6b62", "#ffffff") == pytest.approx(6.4, abs=0.1)
