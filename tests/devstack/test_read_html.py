"""Reading web pages."""

import pytest

from devstack.bedrock.knowledge.documents import UnreadableDocument, extract


def read(html: str) -> str:
    return extract("a.html", html.encode()).text


def test_a_page_is_read_as_markdown_without_what_is_around_it() -> None:
    html = """<!DOCTYPE html><html><head><title>Plans &amp; prices</title><style>p{}</style></head><body>
    <nav><a>Home</a></nav><script>alert(1)</script><!-- hidden -->
    <h1>Plans</h1><p>Choose <b>one</b>:</p><ol><li>Small</li><li>Large<ul><li>yearly</li></ul></li></ol>
    <table><tr><th>Plan</th><th>Price</th></tr><tr><td>Small</td><td>5|6</td></tr></table>
    <div>Loose <p>text</p> end</div><pre>a  b</pre></body></html>"""
    document = extract("a.html", html.encode())
    assert document.title == "Plans & prices"
    assert document.text.split("\n\n") == [
        "# Plans",
        "Choose one:",
        "1. Small\n2. Large\n   - yearly",
        "| Plan | Price |\n|---|---|\n| Small | 5\\|6 |",
        "Loose",
        "text",
        "end",
        "```\na  b\n```",
    ]


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Worn hats | Brindle Help", "Worn hats"),
        ("Brindle Help Centre – Worn hats", "Worn hats"),
        ("Worn hats and caps", "Worn hats and caps"),
        ("How worn hats are returned - Brindle", "How worn hats are returned - Brindle"),
        ("", "Worn hats"),
    ],
)
def test_the_name_of_a_site_is_no_part_of_a_title(title: str, said: str) -> None:
    assert extract("a.html", f"<title>{title}</title><h1>Worn hats</h1><p>Half.".encode()).title == said


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>STAFF77</p>",
        "<p hidden=''>STAFF77</p>",
        "<p aria-hidden='true'>STAFF77</p>",
        "<p style='color:red; display : none'>STAFF77</p>",
        "<p style='VISIBILITY:hidden'>STAFF77</p>",
        "<div hidden><p>One</p><ul><li>STAFF77</ul></div>",
        "<dialog>STAFF77</dialog>",
        "<template><p>STAFF77</template>",
        "<noscript>STAFF77</noscript>",
        "<script>STAFF77</script>",
        "<script type='application/ld+json'>{'code': 'STAFF77'}</script>",
        "<style>.STAFF77{}</style>",
        "<svg><text>STAFF77</text></svg>",
        "<select><option>STAFF77<option>S</select>",
        "<textarea>STAFF77</textarea>",
        "<input value='STAFF77'>",
        "<button>STAFF77</button>",
        "<nav>STAFF77</nav>",
        "<div role=dialog>STAFF77</div>",
        "<div role=navigation>STAFF77</div>",
        "<div id=cookie-banner>STAFF77</div>",
        "<!-- STAFF77 -->",
        "<?php STAFF77 ?>",
    ],
)
def test_what_a_visitor_does_not_read_is_left_out(hidden: str) -> None:
    assert read(f"<main><p>Before{hidden}</p>after</main>").split() == ["Before", "after"]


@pytest.mark.parametrize("main", ["<main>{}</main>", "<div role=main>{}</div>"])
def test_of_a_page_with_a_main_part_the_site_around_it_is_left_out(main: str) -> None:
    page = f"<header>STAFF77</header>{main.format('<h1>Hats</h1>')}<aside>STAFF77</aside><footer>STAFF77"
    assert read(page) == "# Hats"


@pytest.mark.parametrize(
    "shown",
    [
        "<p hidden='until-found'>Six days.</p>",
        "<p aria-hidden='false'>Six days.</p>",
        "<dialog open>Six days.</dialog>",
        "<details><p>Six days.</p></details>",
        "<button aria-controls='a'>How long</button><div id='a' hidden>Six days.</div>",
        "<footer>Six days.</footer>",
        "<div class='has-cookie-banner'><h1>Hats</h1>Six days.</div>",
    ],
)
def test_what_a_visitor_can_open_is_read(shown: str) -> None:
    assert "Six days." in read(shown)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("costs <del>39 EUR</del> <ins>24 EUR</ins>", "costs ~~39 EUR~~ 24 EUR"),
        ("costs <s> 39 </s>24", "costs ~~39~~ 24"),
        ("costs <span style='text-decoration: line-through'>39</span> 24", "costs ~~39~~ 24"),
        ("<del><p>39 EUR</p></del><p>24 EUR</p>", "~~39 EUR~~\n\n24 EUR"),
        ("at most 10<sup>6</sup> rows", "at most 10^6 rows"),
        ("10<sup>−6</sup>, 2<sup>n</sup>, (x)<sup>2</sup>", "10^−6, 2^n, (x)^2"),
        ("20 m<sup>2</sup>, 1<sup>st</sup>, 2<sup>e</sup>, Acme<sup>®</sup>", "20 m^2, 1st, 2e, Acme®"),
        ("the price<sup>1</sup> of 5 EUR<sup>2</sup>", "the price (1) of 5 EUR (2)"),
        ("$19<sup>99</sup> or 29<sup>99</sup> €", "$19.99 or 29.99 €"),
        ("1<sup>1</sup>/<sub>2</sub> cups, <sup>3</sup>/<sub>4</sub> full", "1 1/2 cups, 3/4 full"),
        ("H<sub>2</sub>O, 101<sub>2</sub>", "H2O, 101_2"),
        ("10<span style='vertical-align: super'>6</span> rows", "10^6 rows"),
        ("<style>/* a */ @media print {.c {color:red}} .x, p.c1 {vertical-align:super}</style>"
         "10<span class='b c1'>6</span> rows", "10^6 rows"),
        ("<style>.c2{text-decoration:line-through}</style>costs <span class=c2>39</span> 24",
         "costs ~~39~~ 24"),
        ("2<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math> cups", "2 1/2 cups"),
        ("<math><msup><mn>10</mn><mn>6</mn></msup><msub><mi>x</mi><mn>1</mn></msub></math>", "10^6x1"),
        ("<math><msqrt><mn>9</mn></msqrt> <mroot><mn>8</mn><mn>3</mn></mroot></math>", "√(9) 3√(8)"),
        ("super&shy;cali&#8203;fragi<wbr>listic", "supercalifragilistic"),
        ("<input type=checkbox checked> paid <input type=checkbox> sent", "[x] paid [ ] sent"),
        ("use <code>x*y*z</code> and <kbd>Ctrl</kbd>", "use `x*y*z` and `Ctrl`"),
        ("takes 3~5 days <img alt='or more'>", "takes 3~5 days or more"),
        ("said <q>no</q>", "said “no”"),
        ('see <a href="https://a.example/b?c=1&amp;d=(2)">our <b>shop</b></a>.',
         "see [our shop](https://a.example/b?c=1&d=%282%29)."),
        ('<a href="https://a.example/b/">a.example/b</a>, <a href="mailto:a@b.example">a@b.example</a>',
         "a.example/b, a@b.example"),
        ('<a href="javascript:x()">one</a>, <a href="/two">two</a>, <a href="https://a.example">[3]</a>',
         "one, two, [3]"),
        ("one<br>two  three\nfour", "one\ntwo three four"),
        ("21&nbsp;days &lt; a month", "21 days < a month"),
    ],
)  # fmt: skip
def test_marks_that_change_what_a_text_says_are_kept(html: str, text: str) -> None:
    assert read(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ul><li>a<ul><li>b<li>c</ul><li>d</ul>", "- a\n  - b\n  - c\n- d"),
        ("<ul><li>a<ul><li>b</ul></ul>", "- a\n  - b"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"),
        ("<ol start=3><li>c<li value=7>g<li>h</ol>", "3. c\n7. g\n8. h"),
        ("<ul><li><input type=checkbox checked>a<li><p>b</ul>", "- [x] a\n- b"),
        ("<ol><li><p>a<p>b</ol>", "1. a\n   b"),
    ],
)
def test_lists_keep_their_depth_numbers_and_boxes(html: str, text: str) -> None:
    assert read(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<h2>Hats</h2><details><summary>What about <b>worn</b> hats?</summary><p>Half.</details><p>Bye.",
            "## Hats\n\n### What about worn hats?\n\nHalf.\n\n## Hats\n\nBye.",
        ),
        (
            "<details><summary>Who pays?</summary><details><summary>At home?</summary>You.</details>"
            "We.</details>",
            "## Who pays?\n\n### At home?\n\nYou.\n\n## Who pays?\n\nWe.",
        ),
        (
            "<dl><dt>How long?<dd>Six metres.<dt>Old?<dd>No.</dl>",
            "## How long?\n\nSix metres.\n\n## Old?\n\nNo.",
        ),
        (
            "<dl><div><dt>Weight<dd>3 kg</div><div><dt>Colours:<dd>red<dd>blue</div></dl>",
            "Weight: 3 kg\n\nColours: red; blue",
        ),
        ("<dl><dt>Term<dd>Six weeks.<dd>In May two.</dl>", "Term: Six weeks. In May two."),
        ("<dl><dt>Care<dd><ul><li>wash<li>dry</ul></dl>", "## Care\n\n- wash\n- dry"),
        ("<h2><button>Is it?</button></h2><p>Yes.", "## Is it?\n\nYes."),
        ("<button aria-expanded=false>Is it?</button><div>Yes.</div>", "## Is it?\n\nYes."),
        ("<p><strong>Can it?</strong><br>Yes.", "## Can it?\n\nYes."),
        ("<p><b>Can it?</b><p>Yes.", "## Can it?\n\nYes."),
        ("<div class=q>Can it?</div><div class=a>Yes.</div>", "## Can it?\n\nYes."),
    ],
)
def test_a_question_and_its_answer_stay_together(html: str, text: str) -> None:
    assert read(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<tr><th>Hat<th>Fee<tr><td rowspan=2>Felt<td>2<tr><td>3",
         "| Hat | Fee |\n|---|---|\n| Felt | 2 |\n| Felt | 3 |"),
        ("<tr><th>Day<th>From<th>To<tr><td>Mon<td>9<td>5<tr><td>Sun<td colspan=2>closed",
         "| Day | From | To |\n|---|---|---|\n| Mon | 9 | 5 |\n| Sun | closed | closed |"),
        ("<thead><tr><th rowspan=2>Plan<th colspan=2>2024<tr><th>Price<th>Users</thead><tr><td>S<td>5<td>1",
         "| Plan | 2024 – Price | 2024 – Users |\n|---|---|---|\n| S | 5 | 1 |"),
        ("<tr><th>Zone<th>Fee<tr><td colspan=2>Europe<tr><td>1<td>4<tr><td colspan=2>Asia<tr><td>2<td>9",
         "| Zone | Fee |  |\n|---|---|---|\n| 1 | 4 | Europe |\n| 2 | 9 | Asia |"),
        ("<caption>Fees</caption><tr><td colspan=2>2024<tr><th>Zone<th>Fee<tr><td>1<td>4"
         "<tr><td colspan=2>With tax.",
         "Fees\n\n2024\n\n| Zone | Fee |\n|---|---|\n| 1 | 4 |\n\nWith tax."),
        ("<tr><th>Zone<th>Days<tr><td rowspan=0>North<td>2<tr><td>4<tbody><tr><td>South<td>9",
         "| Zone | Days |\n|---|---|\n| North | 2 |\n| North | 4 |\n| South | 9 |"),
        ("<tr><th>Weight<td>3 kg<tr><th>Colour:<td>red<br>blue", "Weight: 3 kg\n\nColour: red, blue"),
        ("<tr><td>Weight<td>3 kg<tr><td>Colour<td>red", "Weight: 3 kg\n\nColour: red"),
        ("<tr><th>A<th>B<tr><td>x<td><table><tr><td>i<td>j<tr><td>k<td>l</table>",
         "| A | B |\n|---|---|\n| x | i: k, j: l |"),
        ("<tr><th>A<th>B<tr><td>x<td><ul><li>i<li>j.</ul>k", "| A | B |\n|---|---|\n| x | i, j. k |"),
        ("<tr><th>A<th hidden>B<th>C<tr><td>x<td hidden>y<td>z", "| A | C |\n|---|---|\n| x | z |"),
        ("<tr><td><h2>Left</h2>a<td>b", "## Left\n\na\n\nb"),
        ("<tr><td>a<td><table><tr><td>b</table>", "a\n\nb"),
        ("<tr><td>only", "only"),
        ("<tr><td>one<td>row", "one; row"),
    ],
)  # fmt: skip
def test_a_row_of_a_table_is_read_with_the_names_of_its_columns(html: str, text: str) -> None:
    assert read(f"<table>{html}</table>") == text


@pytest.mark.parametrize(
    "html",
    [
        '<meta charset="iso-8859-1"><p>Größe 4 €',
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><p>Größe 4 €',
        '<?xml version="1.0" encoding="windows-1252"?><p>Größe 4 €',
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_declares(html: str) -> None:
    assert extract("a.htm", html.encode("cp1252")).text == "Größe 4 €"


@pytest.mark.parametrize("declared", ["no-such-charset", "base64"])
def test_a_page_that_declares_no_encoding_for_text_is_refused(declared: str) -> None:
    with pytest.raises(UnreadableDocument, match="UTF-8"):
        extract("a.html", f'<meta charset="{declared}"><p>Größe'.encode("latin-1"))


def test_elements_may_be_nested_as_deep_as_pages_do() -> None:
    assert read("<div>" * 240 + "deep") == "deep"


def test_elements_nested_beyond_reason_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="nested"):
        read("<div>" * 20_000 + "deep")
