"""Nothing that is known of a person gets into a text that others may read, whatever stands around it."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.masking.personal import Known, without_person

NAMES = ("Ada Byron", "Jürgen Groß-Müller", "José Núñez", "山田太郎", "O'Hara", "Zoé")
VALUES = ("CUST-1001", "O-77", "ada@example.com", "+49 151 1234567", "129.90", "T-5F0C8A9B1D")
KNOWN = Known.of(NAMES, VALUES)
BETWEEN_WORDS = st.sampled_from([" ", "\n", ", ", ". ", "(", ") ", "*", "?", "。", ": ", "'s "])


@given(said=st.lists(st.tuples(BETWEEN_WORDS, st.sampled_from((*NAMES, *VALUES)), BETWEEN_WORDS), min_size=1))
def test_what_is_known_of_a_person_never_stays(said: list[tuple[str, str, str]]) -> None:
    text = "".join(part for triple in said for part in triple)
    for form in (text, text.upper(), text.lower()):
        shown = without_person(form, KNOWN).casefold()
        assert [known for known in (*NAMES, *VALUES) if known.casefold() in shown] == []


@given(text=st.text(st.characters(categories=["Ll", "Zs"])))
def test_a_text_without_names_and_numbers_is_left_alone(text: str) -> None:
    assert without_person(text) == text
