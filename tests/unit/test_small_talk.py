"""What asks nothing of the articles is told from what does."""

import pytest

from chalicelib.chat.reading.small_talk import Kind, small_talk


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        ("wordless", "👋|🙏|👍👍|😀 ❤️|?|!!|…"),
        (
            "greeting",
            "Hi|hello there!|Good morning team 👋|Bonjour !|こんにちは|안녕하세요|مرحبا|anyone there?"
            "|hi, I have a problem|can you help me please?|Ich habe eine Frage|Necesito ayuda|我有问题",
        ),
        (
            "thanks",
            "Thanks!|thank you so much|ok thanks|great, that helped|Vielen Dank|merci beaucoup|谢谢|Спасибо!",
        ),
        ("goodbye", "bye|ok, see you later|Auf Wiedersehen|再见|thanks, bye"),
        ("agreement", "ok|OK.|yes please|got it|alles klar|d'accord|好的|はい、わかりました|no"),
        ("anger", "This is ridiculous!|you are useless|wtf|Das ist lächerlich|C'est nul|Ridículo|ひどい"),
        (
            "unhelpful",
            "this isn't helpful|This isn’t helpful!|it did not work|that didn't work|THAT DIDN'T HELP"
            "|thanks, but it still doesn't work|no, that's wrong|not very helpful at all|I already tried that"
            "|Das hilft mir nicht weiter|Hat leider nicht geklappt|Das war nicht meine Frage"
            "|ça ne marche pas|Cela ne répond pas à ma question|Esto no me ayuda|Sigue sin funcionar"
            "|Isso não me ajudou|Non mi è stato utile|Dat is geen antwoord op mijn vraag|To mi nie pomogło"
            "|質問の答えになっていません|解決しませんでした|没有解决我的问题|这没有帮助"
            "|no funciona|non funziona|het werkt niet|nie działa|не работает|çalışmıyor|没用",
        ),
    ],
)
def test_small_talk_is_told_by_its_kind(kind: Kind, messages: str) -> None:
    texts = messages.split("|")
    said = {text: small_talk(text) for text in texts}
    assert {text: each and each.kind for text, each in said.items()} == dict.fromkeys(texts, kind)


@pytest.mark.parametrize(
    "message",
    [
        "How do I reset my password?",
        "Hi, how do I reset my password?",
        "thanks, and how long do refunds take?",
        "the card reader is not working",
        "my password reset did not work",
        "it did not work because the link has expired",
        "help",
        "help me reset my password",
        "I have a question about my invoice",
        "this is ridiculous, the reader does not turn on",
        "invoice",
        "good plan?",
        "Why does it not work?",
        "Das Kartenlesegerät funktioniert nicht",
        "Mon mot de passe ne marche pas",
        "Mi pregunta es sobre una factura",
        "カードリーダーが動きません",
        "密码没用",
        "422",
    ],
)
def test_what_asks_for_something_is_no_small_talk(message: str) -> None:
    assert small_talk(message) is None


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("ok thanks", "en"),
        ("ok, danke", "de"),
        ("Merci pour votre aide", "fr"),
        ("Ciao!", "it"),
        ("谢谢", "zh"),
    ],
)
def test_the_language_of_small_talk_is_told_with_it(message: str, language: str) -> None:
    said = small_talk(message)
    assert said
    assert said.language == language
