"""What is masked before a text is sent on, stored or logged, and what support needs to read."""

from pathlib import Path

import pytest

from bench.masking import HELD_OUT, TUNED_ON, read_labelled
from chalicelib.masking import mask, mask_values

LEAST_CAUGHT = 0.97
MOST_TOUCHED = 0.01

AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB_TOKEN = "ghp_" + "a1B2c3D4e5" * 4
STRIPE_KEY = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
JSON_WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("path", [TUNED_ON, HELD_OUT], ids=lambda path: path.stem)
def test_nearly_all_secrets_that_people_write_are_caught(path: Path) -> None:
    secret = [each for each in read_labelled(path) if each.secrets]
    missed = [each.value for each in secret if not each.is_handled()]
    assert len(missed) <= (1 - LEAST_CAUGHT) * len(secret), missed


@pytest.mark.parametrize("path", [TUNED_ON, HELD_OUT], ids=lambda path: path.stem)
def test_hardly_anything_that_only_looks_like_a_secret_is_touched(path: Path) -> None:
    harmless = [each for each in read_labelled(path) if not each.secrets]
    touched = [each.value for each in harmless if not each.is_handled()]
    assert len(touched) <= MOST_TOUCHED * len(harmless), touched


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555555555554444",
        "2223003122003222",
        "6011 1111 1111 1117",
        "3530111333300000",
        "378282246310005",
        "3782 822463 10005",
        "30569309025904",
        "4111.1111.1111.1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\n1111\n1111\n1111",
        "4111 – 1111 – 1111 – 1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "４１１１１１１１１１１１１１１１",
    ],
)
def test_a_card_number_is_masked(number: str) -> None:
    assert mask(f"My card {number} was charged twice.") == "My card [card number] was charged twice."


def test_a_card_number_is_masked_next_to_punctuation() -> None:
    assert mask("card:4111111111111111, (5555555555554444).") == "card:[card number], ([card number])."


@pytest.mark.parametrize(
    "text",
    [
        "卡号{}。",
        "visa-{}",
        "Order 1234\n{}",
        "I paid my order with {}",
        "{} 12/27 123",
        "card number for my order: {}",
        "My credit card no. for order {}",
        "The card that I used for my order is {}",
        "Kartennummer für meine Bestellung: {}",
        "numéro de carte bancaire de la commande : {}",
        "número de tarjeta para mi pedido: {}",
        "numero della carta per il mio ordine: {}",
        "kaartnummer voor mijn bestelling: {}",
        "注文のカード番号は {}",
        "invalid {}",
        "in the articles: {}",
        "I invested {}",
    ],
)
def test_a_card_number_is_told_from_what_stands_beside_it(text: str) -> None:
    assert mask(text.format("4111 1111 1111 1111")) == text.format("[card number]")


def test_several_card_numbers_are_masked() -> None:
    assert mask("4111111111111111\n5555 5555 5555 4444") == "[card number]\n[card number]"


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112",  # fails the Luhn check
        "4111 1111 1111 111",  # too short
        "order 1234567812345670",  # passes the Luhn check, but no card starts with 1
        "ORD-4111111111111111",
        "id 4111111111111111-2",
        "order number 100234567",
        "302-1234567-1234567",
        "at 2026-11-20T12:34:56.789+00:00",
        "at 20261120123456, again at 20261120123457123",
        "at 1763640000 or 1763640000000 or 1763640000000000",
        "550e8400-e29b-41d4-a716-446655440000",
        "5500e840-0e29-41d4-8716-446655440000",
        "call +1 415 555 2671 or +4915112345678 or (030) 1234-5678",
        "call +49 151 1234 5678 between 12:00 and 14:30",
        "call +4111111111111111",
        "tracking 1Z999AA10123456784",
        "tracking 9400 1000 0000 0000 0000 00",
        "tracking 9400111899223197428490",
        "tracking 00340434161094042557",
        "tracking RR123456785DE",
        "T-0F3A9C77D1E2",
        "ticket 4111",
        "192.168.100.200 on port 8080",
        "version 4111.1111.1111.1111",
        "order 4111111111111111",
        "Bestellnummer: 4111111111111111",
        "tracking: DHL 4111111111111111",
        "Quittung Nr. 4111111111111111",
        "article number 4111111111111111",
        "commande n° 4111111111111111",
        "I paid by card, order 4111111111111111",
        "My card was charged for order number 4111111111111111",
        "Die Kreditkarte wurde belastet für Bestellnummer 4111111111111111",
        "注文番号は4111111111111111です",
        "信用卡订单号4111111111111111",
        "4111111111111111 is my order number",
        "4111111111111111 numaralı siparişim",
        "orders 4111111111111111 and 5555555555554444",
        "the order that I placed on Monday is 4111111111111111",
        "IMEI 490154203237518",
        "DE89 3704 0044 0532 0130 00",
        "FR76 3000 6000 0112 3456 7890 189",
        "card 4111111111111112",
        "0.4111111111111111",
    ],
)
def test_numbers_that_support_lives_on_are_left_alone(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        AWS_KEY,
        GITHUB_TOKEN,
        STRIPE_KEY,
        JSON_WEB_TOKEN,
        "xoxb-" + "123456789012-abcdef",
        "sk-" + "a1B2c3D4e5" * 3,
        "sk-ant-" + "api03-a1B2c3D4e5",
        PRIVATE_KEY,
        PRIVATE_KEY[:-10],
        PRIVATE_KEY[:-30],
        "github_" + "pat_11" + "A1b2C3d4E5" * 8,
        "whsec_" + "a1B2c3D4e5" * 4,
        "a1b8Q~" + "A1b2C3d4E5" * 3 + "f6g7",
        "PuTTY-User-" + "Key-File-2: ssh-rsa\nPublic-Lines: 1\nAAAAB3NzaC1yc2E=\nPrivate-MAC: 0aF",
        "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    ],
    ids=lambda secret: secret[:8],
)
def test_a_key_is_masked_by_its_shape(secret: str) -> None:
    assert mask(f"I used {secret}") == "I used [credential]"


def test_the_text_around_a_private_key_stays() -> None:
    assert mask(f"This:\n{PRIVATE_KEY}\nfails.") == "This:\n[credential]\nfails."


def test_the_text_behind_a_private_key_that_was_cut_off_stays() -> None:
    cut_off = "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\nQyNTUxOQ=="
    assert mask(f"{cut_off}\n\nDoes it work?") == "[credential]\n\nDoes it work?"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("my password is hunter2", "my password is [credential]"),
        ("My password is: hunter2!", "My password is: [credential]"),
        ("my password is p@ssword thanks", "my password is [credential] thanks"),
        ("password: swordfish", "password: [credential]"),
        ("Password:\nswordfish", "Password:\n[credential]"),
        ("password: swordfish and user: joe", "password: [credential] and user: joe"),
        ("password: $ecret", "password: [credential]"),
        ("password: open-sesame now", "password: [credential] now"),
        ("password=swordfish&user=joe", "password=[credential]"),
        ('my password is "correct horse battery"', "my password is [credential]"),
        ("my password is 'abcd' and", "my password is [credential] and"),
        ('{"password": "hunter2", "user": "joe"}', '{"password": [credential], "user": "joe"}'),
        ("{'api_key' => 'abcdefgh'}", "{'api_key' => [credential]}"),
        ("API key: abcdef123456", "API key: [credential]"),
        ("apikey=abcdef123456", "apikey=[credential]"),
        ("client_secret: abcdef123456", "client_secret: [credential]"),
        ("aws_secret_access_key = wJalrXUtn/K7MDENG", "aws_secret_access_key = [credential]"),
        ("DB_PASSWORD=swordfish", "DB_PASSWORD=[credential]"),
        ("access_token=abcdef", "access_token=[credential]"),
        ("accessToken: abcdef", "accessToken: [credential]"),
        ("Mein Passwort ist hunter2", "Mein Passwort ist [credential]"),
        ("mi contraseña es hunter2", "mi contraseña es [credential]"),
        ("mon mot de passe est hunter2", "mon mot de passe est [credential]"),
        ("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer [credential]"),
        ("postgres://joe:swordfish@db.example.com/x", "postgres://joe:[credential]@db.example.com/x"),
        ("redis://:p@ss/word@cache:6379/0", "redis://:[credential]@cache:6379/0"),
        ("Authorization: Basic am9lOmh1bnRlcjI=", "Authorization: Basic [credential]"),
        ("curl -u joe:hunter2 https://example.com", "curl -u joe:[credential] https://example.com"),
        (
            "see https://hooks.slack.com/services/T0/B0/abc",
            "see https://hooks.slack.com/services/[credential]",
        ),
        ("パスワードは「hunter2」です", "パスワードは[credential]です"),
        ("Password：hunter2", "Password：[credential]"),
        ("passwd: hunter2", "passwd: [credential]"),
        ("my password was hunter2", "my password was [credential]"),
        (
            "I changed my password from hunter2 to hunter3",
            "I changed my password from [credential] to [credential]",
        ),
        ("the password for my account is still hunter2", "the password for my account is still [credential]"),
        ("mein Passwort wurde auf hunter2 geändert", "mein Passwort wurde auf [credential] geändert"),
        ("moje hasło to hunter2", "moje hasło to [credential]"),
        ("hunter2 is my password", "[credential] is my password"),
        ("my password (hunter2) fails", "my password ([credential]) fails"),
        ("login: joe / hunter2", "login: joe / [credential]"),
        ("passphrase: correct horse battery staple", "passphrase: [credential]"),
        ("the PIN is 1234", "the PIN is [credential]"),
        ("token=" + "ab1" * 100, "token=[credential]"),
    ],
)
def test_a_credential_is_masked_by_the_words_before_it(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "How do I reset my password?",
        "my password is not working",
        "my password is wrong!",
        "My password is *not* accepted.",
        "my password is expired, what now?",
        "reset my password: how?",
        "About my password: what should I do?",
        "New password: required",
        "The password: is it case-sensitive?",
        "my password is 8 characters long",
        "password rules: 12 characters",
        "Password: minimum 12 characters",
        "- API key: open **Settings**",
        "access token: valid for 1 hour",
        "password: <your password>",
        'api_key = "YOUR_API_KEY"',
        "PASSWORD=${DB_PASSWORD}",
        "API_KEY=$API_KEY ./run",
        'curl -H "Authorization: Bearer YOUR_API_KEY_HERE"',
        "Where is my API key?",
        "What is an API key for?",
        "api key rotation",
        "How does bearer token-authentication work?",
        "The bearer of this letter",
        "Is the password == the passphrase?",
        "https://example.com:8080/orders/@me",
        "mail me at joe@example.com",
        "I have a secret santa order",
        "use [1] and `array[0]`",
        "",
        "パスワードを忘れました 🔑",
        "Passwort: vergessen",
        "password: forgot it",
        "secret=false",
        "token=null",
        "password: swordfish?",
        "pass: 3 of 4 tests",
        "my password was changed on 2026-11-20",
        "my password doesn't work and my name is joe123",
        "Password: 8-20 characters",
        "password for order ORD-10023",
        "the primary key is a1b2c3d4e5f6a7b8c9d0",
        "arn:aws:secretsmanager:us-east-1:1:secret:prod/db-AbCdE1",
        "password = os.environ['DB_PASSWORD']",
        "Basic subscription12",
        '{"title": "Reset your password", "source_url": "https://example.com"}',
    ],
)
def test_a_question_about_credentials_is_left_alone(text: str) -> None:
    assert mask(text) == text


def test_json_is_masked_in_all_its_strings_however_deep() -> None:
    value = {"note": "card 4111111111111111", "list": [{"deep": ["password: hunter2", "fine"]}]}
    assert mask_values(value) == {
        "note": "card [card number]",
        "list": [{"deep": ["password: [credential]", "fine"]}],
    }


@pytest.mark.parametrize(
    ("name", "value", "masked"),
    [
        ("password", "hunter2xyz", "[credential]"),
        ("db_password", ["abcd1234"], ["[credential]"]),
        ("apiKey", "zzzzyyyy", "[credential]"),
        ("card", 4111111111111111, "[card number]"),
        ("order", 4111111111, 4111111111),
        ("password_reset", "done today", "done today"),
        ("secret", "Where is it?", "Where is it?"),
        ("order_id", 4111111111111111, 4111111111111111),
        ("trackingNumber", "4111 1111 1111 1111", "4111 1111 1111 1111"),
        ("order_note", "paid with 4111 1111 1111 1111", "paid with [card number]"),
        ("customer_card", 4111111111111111, "[card number]"),
        ("order", {"number": 4111111111111111}, {"number": 4111111111111111}),
        ("next_token", "abc123def456", "abc123def456"),
        ("tokens", 1500, 1500),
        ("pin", 4711, "[credential]"),
        (
            "fields",
            [{"name": "Password", "value": "swordfish"}],
            [{"name": "Password", "value": "[credential]"}],
        ),
        (
            "fields",
            [{"name": "Order", "value": 4111111111111111}],
            [{"name": "Order", "value": 4111111111111111}],
        ),
        ("password", "Please tell me how to change it.", "Please tell me how to change it."),
    ],
)
def test_secrets_by_their_name_and_cards_without_quotes_are_masked_too(
    name: str, value: object, masked: object
) -> None:
    assert mask_values({name: value}) == {name: masked}


def test_names_are_masked_too_and_none_takes_the_place_of_another() -> None:
    cards = {"4111 1111 1111 1111": 1, "5555 5555 5555 4444": 2, "x": 3}
    assert mask_values(cards) == {"[card number]": 1, "[card number] (2)": 2, "x": 3}


def test_names_that_are_called_order_numbers_stay() -> None:
    orders = {"orders": {"4111111111111111": "sent", "5555555555554444": "lost"}}
    assert mask_values(orders) == orders


@pytest.mark.parametrize("value", [None, True, 0, 4111111111, 1.5, "fine", [], {}, [None, {"a": False}]])
def test_json_without_credentials_stays_as_it_is(value: object) -> None:
    assert mask_values(value) == value
    assert type(mask_values(value)) is type(value)


def test_what_is_masked_is_a_copy() -> None:
    value = {"list": ["card 4111111111111111"]}
    mask_values(value)
    assert value == {"list": ["card 4111111111111111"]}
