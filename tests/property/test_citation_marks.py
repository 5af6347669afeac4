"""Whatever a model writes: each mark refers to a citation, each citation is referred to, and code is code."""

import re

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.chat.citations import resolve, without_marks
from chalicelib.domain.conversation import Passage

MARK = re.compile(r"\[(\d{1,3})\]")

# No `:` and no `(`: right behind a mark they make a link definition or a link of it, which goes.
words = st.text("abc .,)é語😀\n-", min_size=1, max_size=12)
indexes = st.integers(0, 12)
marks = st.one_of(
    indexes.map("[{}]".format),
    st.lists(indexes, min_size=1, max_size=3).map(lambda several: f"[{', '.join(map(str, several))}]"),
    indexes.map("【{}】".format),
    indexes.map("[[{}]]".format),
    indexes.map("[^{}]".format),
    indexes.map("[{}](http://evil.example/(a))".format),
)
code = st.text("a[]019 ", min_size=1, max_size=8).map("`x{}x`".format)
blocks = st.text("a[]019 \n", max_size=12).map("\n```\n{}\n```\n".format)
wild = st.text("[]【】^019, ;`()~\n a:", max_size=60) | st.text()


@st.composite
def passage_lists(draw: st.DrawFn) -> list[Passage]:
    documents = draw(st.lists(st.integers(0, 4), max_size=8))
    return [Passage(f"text {d}", f"title {d}", f"https://help.example.com/{d}", 0.5) for d in documents]


@given(pieces=st.lists(words | marks | code | blocks, max_size=12), passages=passage_lists())
def test_marks_outside_code_are_exactly_the_citations(pieces: list[str], passages: list[Passage]) -> None:
    answer = resolve("".join(pieces), passages)
    visible = without_code(answer.text)
    assert [c.index for c in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert set(map(int, MARK.findall(visible))) == {c.index for c in answer.citations}
    assert "](" not in visible


@given(pieces=st.lists(words | marks | code | blocks, max_size=12), passages=passage_lists())
def test_the_first_marks_stand_in_reading_order(pieces: list[str], passages: list[Passage]) -> None:
    numbers = list(dict.fromkeys(MARK.findall(without_code(resolve("".join(pieces), passages).text))))
    assert numbers == sorted(numbers, key=int)


@given(pieces=st.lists(words | marks | code | blocks, max_size=12), passages=passage_lists())
def test_what_is_no_mark_stays_up_to_spacing(pieces: list[str], passages: list[Passage]) -> None:
    said = "".join(piece for piece in pieces if not re.match(r"[\[【]", piece))
    answer = resolve("".join(pieces), passages)
    kept = re.sub(r"(`[^`]*`)|" + MARK.pattern, lambda m: m[1] or "", answer.text)
    assert "".join(kept.split()) == "".join(said.split())


@given(pieces=st.lists(words | marks | code | blocks, max_size=12), passages=passage_lists())
def test_code_stays_to_the_letter(pieces: list[str], passages: list[Passage]) -> None:
    answer = resolve("".join(["> ", *pieces, " <"]), passages)
    for piece in pieces:
        if "`" in piece:
            assert piece in answer.text


@given(text=wild, passages=passage_lists())
def test_no_text_breaks_it_and_no_citation_is_unused(text: str, passages: list[Passage]) -> None:
    answer = resolve(text, passages)
    assert {c.index for c in answer.citations} <= set(map(int, MARK.findall(answer.text)))
    assert len({(c.title, c.url) for c in answer.citations}) == len(answer.citations)
    assert not (answer.unanswered and answer.citations)


@given(text=wild)
def test_without_passages_no_mark_is_left_outside_code(text: str) -> None:
    plain = text.replace("`", "").replace("~", "")
    assert not MARK.search(without_marks(plain))
    assert without_marks(without_marks(plain)) == without_marks(plain)


def without_code(text: str) -> str:
    """Blank out the code that these tests write: fenced blocks and single-tick spans."""
    return re.sub(r"```.*?```|`[^`]*`", "…", text, flags=re.DOTALL)
