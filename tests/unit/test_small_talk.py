"""What asks nothing of the articles is told from what does."""

import pytest

from chalicelib.chat.reading.small_talk import SmallTalk, small_talk


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        ("wordless", "👋|🙏|👍👍|😀 ❤️|?|!!|…"),
        (
            "greeting",
            "Hi|hello there!|Good morning team 👋|Bonjour !|こんにちは|안녕하세요|مرحبا|anyone there?",
        ),
        (
            "thanks",
            "Thanks!|thank you so much|ok thanks|great, that helped|Vielen Dank|merci beaucoup|谢谢|Спасибо!",
        ),
        ("goodbye", "bye|ok, see you later|Auf Wiedersehen|再见|thanks, bye"),
        ("agreement", "ok|OK.|yes please|got it|alles klar|d'accord|好的|はい、わかりました|no"),
        (
            "unhelpful",
            "this isn't helpful|This isn’t helpful!|it did not work|that didn't work|THAT DIDN'T HELP"
            "|thanks, but it still doesn't work|no, that's wrong|not very helpful at all|I already tried that"
            "|Das hilft mir nicht weiter|ça ne marche pas"
            "|no funciona|non funziona|het werkt niet|nie działa|не работает|çalışmıyor|没用",
        ),
    ],
)
def test_small_talk_is_told_by_its_kind(kind: SmallTalk, messages: str) -> None:
    texts = messages.split("|")
    assert {text: small_talk(text) for text in texts} == dict.fromkeys(texts, kind)


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
        "invoice",
        "good plan?",
        "422",
    ],
)
def test_what_asks_for_something_is_no_small_talk(message: str) -> None:
    assert small_talk(message) is None
