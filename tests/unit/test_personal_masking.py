"""What tells whom a text is about stays out of it, and what does not, stays in."""

import pytest

from chalicelib.masking.people import names_said
from chalicelib.masking.personal import Known, without_person

ADA = Known.of(
    ["Ada Byron", "José Núñez", None, "李小明"], ["CUST-1001", "O-77", "49.00", "ada@example.com", 7]
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("I'm Ada, ada byron. ADA'S parcel", "I'm [name]. [name]'S parcel"),
        ("Señor Nunez and José", "Señor [name] and [name]"),
        ("Order O-77 of CUST-1001 was 49.00 EUR", "Order [number] of [number] was [number] EUR"),
        ("小明 is not known, 李小明 is", "小明 is not known, [name] is"),
        ("Canada adapts 7 times", "Canada adapts 7 times"),
    ],
)
def test_what_is_known_of_a_person_is_left_out(text: str, shown: str) -> None:
    assert without_person(text, ADA) == shown


@pytest.mark.parametrize(
    "text",
    [
        "My name is Jane Miller.",
        "I'm called Jane Miller, please help.",
        "Hi Jane Miller,\nplease try again.",
        "Please try again.\n\nKind regards,\nJane Miller",
        "Ask Mrs. Miller about it; Miller knows.",
        "Name: Jane Miller\nOrder: none",
        "Ich heiße Jürgen Müller.",
        "Sehr geehrter Herr Dr. Müller, bitte warten.",
        "Je m'appelle Zoé Lefèvre.",
        "Me llamo Íñigo Pérez.",
        "Mi chiamo Chiara De Rossi.",
        "O meu nome é João da Silva.",
        "Mijn naam is Jan van Dijk.",
        "Nazywam się Łukasz Żak.",
        "私は山田太郎と申します",
        "田中様、お待ちください",
        "我叫王小红，请帮忙",
        "제 이름은 김철수입니다",
        "اسمي أحمد علي وطلبي متأخر",
        "my name is jane miller and my parcel is late",
        "my name is jane",
        "ich heiße jürgen müller wo ist mein paket",
        "je m'appelle zoé lefèvre",
        "mijn naam is jan van dijk en ik wacht",
        "my name is jane miller please help",
        "My husband's name is Jan Müller.",
        "Jag heter Zoé Silva",
        "This is Jane Miller again.",
        "Booked in the name of Jane Miller on Monday",
        "Die Karte läuft auf den Namen Jürgen Müller",
        "Best regards, Jane Miller",
        "LG Jane",
        "Nombre: Íñigo Pérez",
    ],
)
def test_names_that_are_said_are_left_out(text: str) -> None:
    shown = without_person(text)
    names = (
        "Jane Miller Müller Zoé Lefèvre Íñigo Pérez Chiara Rossi João Silva Dijk Łukasz Żak 山田 田中 王小红"
        " 김철수 أحمد علي"
    ).casefold()
    assert "[name]" in shown
    assert [name for name in names.split() if name in shown.casefold()] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail jo.do+x@mail.example.com or jo (at) example.com", "mail [email] or [email]"),
        ("Call +49 (0)151 1234-5678 now", "Call [number] now"),
        ("tel 01 23 45 67 89", "tel [number]"),
        ("llámame al 612 345 678", "llámame al [number]"),
        ("born 12.03.1984, geboren am 1984-03-12", "born [number], geboren am [number]"),
        ("Send it to 12 Baker Street, please", "Send it to [address], please"),
        ("Hauptstraße 5, Kerkstraat 12b", "[address]"),
        ("Ich wohne in der Hauptstraße 5a.", "Ich wohne in der [address]."),
        ("au 5 rue de la Paix, Paris", "au [address], Paris"),
        ("Calle Mayor 3 y Via Roma, 7", "[address] y [address]"),
        ("ul. Długa 5/7", "[address]"),
        ("東京都港区芝公園4丁目2番8号", "[address]"),
        ("SW1A 1AA", "[address]"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [number]"),
        ("order 1234, Bestellnummer: AB-12, #991", "order [number], Bestellnummer: [number], #[number]"),
        ("注文番号 8812 と 订单号 A12", "注文番号 [number] と 订单号 [number]"),
        ("id 5f0c8a9b1d", "id [number]"),
        ("parcel 00340434161094042557", "parcel [number]"),
    ],
)
def test_addresses_and_numbers_are_left_out(text: str, shown: str) -> None:
    assert without_person(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Why do I see error 422, HTTP 404 or E-9999?",
        "Version 3.14 of model HM-120 costs 1,299.00 USD since 2026-11-26 14:00 (26.11.2026).",
        "I want 2 shirts and 100 mugs within 30 days, limit 10000 of 1.200.000 rows",
        "Does SHA-256 work on Windows 11 with 2FA?",
        "Hi there, hello Support Team, how do I merge two accounts?",
        "I am on the Premium plan. This is urgent. It's Friday.",
        "Can I export to MS Excel? I miss Paris and the Bay Area. Product name: Scanner Pro",
        "Wie verbinde ich zwei Konten, und was kostet das?",
        "My name is not shown, my name is wrong on the invoice, my name is too long, my name is required?",
        "I am called every day by your team",
        "my name is hidden on the page, mein Name ist doppelt, il mio nome è scritto male",
        "Ich heiße seit der Hochzeit anders",
        "je m'appelle autrement, me llamo igual, nazywam się inaczej, меня зовут иначе",
        "I am German and need help in German",
        "Good morning Sales Team, how do I pay?",
        "Bonjour Madame, une question",
        "اسمي خاطئ على البطاقة",
        "名前はどこで変えますか。",
        "皆様のレビュー",
        "我的名字是错的",
        "이름은 어떻게 바꾸나요?",
        "mein name ist falsch geschrieben, mi nombre es demasiado largo, mon nom est trop long",
        "お客様のアカウントを統合するには？",
        "如何合并两个账户？",
    ],
)
def test_what_belongs_to_nobody_stays(text: str) -> None:
    assert without_person(text) == text


def test_what_the_articles_say_to_everybody_stays() -> None:
    public = "Write to returns@example.com or call +49 30 1234567, at 12 Baker Street."
    assert without_person(public, public=public) == public
    assert without_person("Write to jo@example.com", public=public) == "Write to [email]"


def test_a_greeting_of_no_person_says_no_name() -> None:
    assert names_said(["Hello Team,\nthanks", "Dear Customer Service,", "Hi there,"]) <= {""}
