"""The setting BRANDING: what is refused, and how a business looks and speaks in the chat page."""

import json
import re
from typing import Any

import pytest

from chalicelib.branding import NEUTRAL, Branding, read_branding
from chalicelib.variables import value_of
from chalicelib.web.colors import DARK, LIGHT
from chalicelib.web.markup import fill
from chalicelib.web.page import chat_page
from tooling.project import ROOT

WHOLE: dict[str, Any] = {
    "name": "Tillwren",
    "color": "#7a3e9d",
    "greeting": {"en": "Hello from the shop!", "de": "Hallo aus dem Laden!"},
    "suggestions": ["Where is my order?"],
    "logo_url": "https://cdn.example.com/logo.svg?v=2",
    "hours": "Weekdays, 9:00 to 17:00",
    "privacy_url": "https://www.example.com/privacy",
    "languages": ["de", "en"],
}
HOSTILE = """</style></script><script>alert(1)</script>"'{{name}}{{#logo}}/* inline: http.js */"""


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", ["", " ", 7, None, "x" * 61, "two\nlines", "\ud800", ["a"]]),
        ("color", ["purple", "#12345", "7a3e9d", "#7a3e9d; x", "rgb(1,2,3)", "#7a3e9d\n", "", 7]),
        ("greeting", ["", "x" * 201, {"xx": "?"}, {"de": 1}, ["Hello"]]),
        ("suggestions", ["Where?", ["a"] * 7, ["x" * 201], [""], [None], {"de": "Wo?"}, {"de": [""]}]),
        (
            "logo_url",
            ["http://example.com/a.png", "//example.com/a.png", "javascript:alert(1)", "data:x", ""],
        ),
        (
            "logo_url",
            ["https://a.de; script-src *", "https://a.de/ b", "https://u:p@a.de/", "https://\u212a.de/"],
        ),
        ("hours", [9, "", {"": "Always"}]),
        ("privacy_url", ["javascript:alert(1)", "https://a.de/'", "https://a.de/" + "x" * 500]),
        ("languages", [[], ["xx"], "de", [["de"]], {"de": 1}]),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(field: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=rf"^{field} (must be|has) "):
            read_branding({field: value})


def test_every_wrong_field_is_named_and_none_that_is_unknown_passes() -> None:
    with pytest.raises(
        ValueError, match=r"^name must .*, color must .*, colour is none of its fields: name, "
    ):
        read_branding({"name": "", "color": "red", "colour": "#000"})


@pytest.mark.parametrize("text", ["[]", "Tillwren", "{", json.dumps({"name": "x"}) + " " * 2_000])
def test_what_is_no_object_of_a_few_fields_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be (a JSON object|at most 2000 bytes)"):
        value_of(Branding, text)


def test_a_business_looks_and_speaks_as_it_says() -> None:
    page = chat_page("de", read_branding(WHOLE))
    assert "<title>Tillwren</title>" in page.html
    assert "<h1><bdi>Tillwren</bdi></h1>" in page.html
    assert '<h2 id="welcome-title"><bdi>Hallo aus dem Laden!</bdi></h2>' in page.html
    assert re.findall(r'class="suggestion"><bdi>(.*?)<', page.html) == ["Where is my order?"]
    assert '<p class="hours"><bdi>Weekdays, 9:00 to 17:00</bdi></p>' in page.html
    assert '<a class="privacy" href="https://www.example.com/privacy" target="_blank"' in page.html
    assert page.html.count('<img src="https://cdn.example.com/logo.svg?v=2" alt=""') == 3
    assert "img-src data: https://cdn.example.com;" in page.headers["Content-Security-Policy"]
    assert "--fill:#7a3e9d;" in page.html
    assert "fill='%237a3e9d'" in page.html


@pytest.mark.parametrize(
    ("wanted", "color"), [(None, "#7a3e9d"), ("#fd0", "#fd0"), ("red", "#7a3e9d"), ("#fd0;x", "#7a3e9d")]
)
def test_a_site_may_choose_a_colour_and_nothing_else(wanted: str | None, color: str) -> None:
    assert read_branding(WHOLE).chosen_color(wanted) == color
    assert f"--fill:{'#ffdd00' if color == '#fd0' else color};" in chat_page("en", NEUTRAL, (), color).html


def test_without_branding_the_page_is_neutral() -> None:
    page = chat_page("en")
    assert "<h1><bdi>Support assistant</bdi></h1>" in page.html
    assert len(re.findall('class="suggestion"', page.html)) == 4
    assert not re.search(r'referrerpolicy|class="(?:hours|privacy)"|--fill:#', page.html)
    assert "img-src data:;" in page.headers["Content-Security-Policy"]


def test_a_language_that_a_text_is_not_written_in_has_the_page_s_own() -> None:
    page = chat_page("fr", read_branding(WHOLE))
    assert '<h2 id="welcome-title"><bdi>Bonjour' in page.html


def test_a_business_may_suggest_no_question() -> None:
    assert 'class="suggestion"' not in chat_page("en", read_branding({"suggestions": []})).html


def test_no_text_of_a_branding_is_markup_or_another_place() -> None:
    texts = dict.fromkeys(("name", "greeting", "hours"), HOSTILE[:60])
    page = chat_page("en", read_branding({**texts, "suggestions": [HOSTILE]}))
    plain = chat_page("en")
    assert page.html.count("<script") == plain.html.count("<script")
    assert page.html.count("</style>") == plain.html.count("</style>")
    assert page.html.count("{{name}}{{#logo}}/* inline: http.js */") == 1
    script_src = r"script-src [^;]+"
    policies = [re.findall(script_src, each.headers["Content-Security-Policy"]) for each in (page, plain)]
    assert policies[0] == policies[1]


def test_a_place_that_has_no_text_is_an_error() -> None:
    with pytest.raises(KeyError, match="title"):
        fill("{{title}}", {})


def test_the_grounds_of_the_colours_are_those_of_the_page() -> None:
    theme_css = (ROOT / "chalicelib" / "web" / "theme.css").read_text("utf-8")
    light, dark = theme_css.split("@media (prefers-color-scheme: dark)")
    for theme, rules in ((LIGHT, light), (DARK, dark)):
        found = dict(re.findall(r"--(\w+): (#\w+);", rules))
        assert (theme.surface, theme.line) == (found["surface"], found["control"])
        assert set(theme.others) == {found["page"], found["code"]}
