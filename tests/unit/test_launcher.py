"""The script of the widget: what a site loads before its visitor opens the chat."""

import gzip
import re
from pathlib import Path

from chalicelib.branding import read_branding
from chalicelib.web import launcher
from chalicelib.web.languages import words_of
from chalicelib.web.launcher import HEADERS, launcher_script

SOURCES = Path(launcher.__file__).parent / "widget"
LARGEST_KB = 12


def test_a_site_loads_twelve_kilobytes_at_most() -> None:
    assert len(gzip.compress(launcher_script().encode())) < LARGEST_KB * 1000


def test_the_script_is_one_function_with_its_styles() -> None:
    script = launcher_script()
    assert script.startswith("(() => {\n'use strict';\nconst LANGUAGES = ")
    assert script.endswith("})();\n")
    assert ":host {\\n" in script
    assert script.count("'use strict'") == 1


def test_it_has_the_name_colour_and_languages_of_a_business() -> None:
    script = launcher_script(read_branding({"name": "Cups", "color": "#FD0", "languages": ["nl", "de"]}))
    assert 'const BRAND = {"name":"Cups","color":"#ffdd00"};' in script
    assert re.findall(r'"(\w\w)":{"chat"', script) == ["nl", "de"]


def test_it_says_every_word_that_there_is_and_no_other() -> None:
    sources = "".join((SOURCES / name).read_text("utf-8") for name in launcher.FILES)
    assert set(re.findall(r"WORDS\.(\w+)", sources)) == set(words_of("en")["widget"])


def test_nothing_in_it_needs_what_a_strict_policy_of_the_site_refuses() -> None:
    for word in ("innerHTML", "insertAdjacent", "eval(", "new Function", "<style", "setAttribute('style'"):
        assert word not in launcher_script()


def test_nothing_in_it_reads_what_a_site_added_to_the_prototypes() -> None:
    assert not re.search(r"JSON\.stringify|for \(const \w+ in ", launcher_script())


def test_each_file_of_the_launcher_is_in_it() -> None:
    in_the_page = {"customer.js", "frame.js"}
    assert {path.name for path in SOURCES.glob("*.js")} - in_the_page == set(launcher.FILES)


def test_it_may_be_kept_for_minutes_and_loaded_from_anywhere() -> None:
    assert HEADERS["Content-Type"] == "text/javascript; charset=utf-8"
    assert HEADERS["Cache-Control"] == "public, max-age=600"
    assert HEADERS["Cross-Origin-Resource-Policy"] == "cross-origin"
