"""The numbers and codes that a question is about, however they are written."""

import pytest

from devstack.bedrock.model.codes import asked_codes, codes


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What does error E-9999 mean?", "Error E-9999 means that the disk is full."),
        ("What does error e9999 mean?", "Error E-9999 means that the disk is full."),
        ("Which product costs 12000?", "| Plus | 12,000.00 |"),
        ("Which product costs 12.000,00?", "| Plus | 12,000.00 |"),
        ("Which product costs 12,000?", "| Plus | 12000 |"),
        ("price for zone 47 up to 10 kg", "| Zone 47 | 56.90 EUR |"),
        ("Welche Farbe hat Tansy-7?", "Die Tansy-7 ist blau."),
        ("What does the Tansy L cost?", "| Tansy L | 4 EUR |"),
        ("What is part 4711-80?", "Part 4711-80 is a lid."),
        ("What changed in Karvo 1.10?", "| v1.10 | export |"),
        ("What changed in Karvo v1.10?", "Version 1.10 exports."),
        ("エラー422とは何ですか", "| Status 422 | invalid field |"),
        ("错误P0420是什么意思", "P0420 means that the filter is worn."),
    ],
)
def test_a_code_is_the_same_in_each_of_its_spellings(question: str, said: str) -> None:
    (asked,) = asked_codes(question)
    assert asked & codes(said)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What does error E-9999 mean?", "Error E-9998"),
        ("Which product costs 12000?", "1,200.00 and 120,000.00"),
        ("price for zone 47", "Zone 4 costs 47.40 EUR"),
        ("Does version 2.1 support it?", "version 2.10"),
        ("Welche Farbe hat Tansy-7?", "Die Tansy-8 ist rot."),
        ("What does the Tansy L cost?", "| Tansy S | 4 EUR |"),
        ("What is part 4711-88?", "Parts 4711-80 and 4711-08 are lids."),
        ("What is error 0x80070006?", "Error 0x80070005: access was denied"),
        ("What is fault 404-C?", "Fault 404-B: the drawer is open"),
        ("Where do I find filter 4Z1221?", "Filter 4Z1212 is behind the lid"),
        ("What does firmware 3.4.2 fix?", "Firmware 3.4.1 fixes the clock"),
        ("エラー423とは何ですか", "| Status 422 | invalid field |"),
    ],
)
def test_another_code_is_no_evidence(question: str, said: str) -> None:
    (asked,) = asked_codes(question)
    assert not asked & codes(said)


@pytest.mark.parametrize(
    "question",
    [
        "My order TW-10021 never came",
        "invoice 4711 is wrong",
        "Can I add 2 shops?",
        "Is the 24-month warranty over?",
        "a parcel of 10 kg for 100 EUR",
        "How do I turn on 2FA?",
        "Can I? I do, and A is not B",
        "Does it take 3-5 days in 2024-25?",
        "Is a plate of 30x40 or 24-inch in stock?",
        "Can I upload 10.000.000 rows?",
        "荷物10個を送れますか",
    ],
)
def test_quantities_and_a_customers_own_numbers_need_no_evidence(question: str) -> None:
    assert asked_codes(question) == []
