"""What a customer says now: without quoted mail, signature and greeting, in many languages."""

import time

import pytest

from chalicelib.chat.reading.own_words import own_subject, own_words

SAID = "My two-factor phone is lost."
QUOTED = [
    "On Tue, 3 Nov 2026 at 10:12, Support <support@example.com> wrote:\n> Sent on Monday.",
    "On Tue, 3 Nov 2026 at 10:12, Support\n<support@example.com> wrote:\n\n> Sent on Monday.\n>\n> Bye",
    "On 3 Nov 2026, at 10:12, Support wrote:\n\nSent on Monday.",
    "On Tue, Nov 3, 2026 at 10:12 AM, Support<support@example.com> wrote:   Sent on Monday.",
    "Am Di., 3. Nov. 2026 um 10:12 Uhr schrieb Support <support@example.com>:\n\n> Gesendet.",
    "Le mar. 3 nov. 2026 à 10:12, Support <support@example.com> a écrit :\n> Envoyé.",
    "El mar, 3 nov 2026 a las 10:12, Support (<support@example.com>) escribió:\n> Enviado.",
    "Em ter., 3 de nov. de 2026 às 10:12, Support <s@example.com> escreveu:\n> Enviado.",
    "Il giorno mar 3 nov 2026 alle ore 10:12 Support <s@example.com> ha scritto:\n> Inviato.",
    "Op di 3 nov 2026 om 10:12 schreef Support <s@example.com>:\n> Verzonden.",
    "wt., 3 lis 2026 o 10:12 Support <s@example.com> napisał(a):\n> Wysłano.",
    "вт, 3 нояб. 2026 г. в 10:12, Support <s@example.com>:\n> Отправлено.",
    "2026年11月3日(火) 10:12 Support <support@example.com>:\n> 発送しました。",
    "2026年11月3日 10:12，Support <support@example.com>写道：\n> 已发货。",
    "From: Support <support@example.com>\nSent: Tuesday, November 3, 2026\nTo: Ann\n\nSent on Monday.",
    "Von: Support\nGesendet: Dienstag, 3. November 2026\nBetreff: Ihr Paket\n\nGesendet.",
    "-----Original Message-----\nFrom: Support\nSent on Monday.",
    "---------- Forwarded message ---------\nSent on Monday.",
    "________________________________\nFrom: Support\nSent on Monday.",
    "> Sent on Monday.\n> Bye",
    "Support wrote:\n> Sent on Monday.",
    "##- Please type your reply above this line -##\nSent on Monday.",
]
SIGNATURES = [
    "-- \nAnn Lee\nExample Ltd",
    "Kind regards,\nAnn Lee\nExample Ltd\nThis message is confidential, please delete it otherwise.",
    "Best regards Ann",
    "Thanks,\nAnn",
    "Sent from my iPhone",
    "Sent from Yahoo Mail on Android",
    "This e-mail and any attachments are confidential.",
    "Mit freundlichen Grüßen\nMax Muster\nTel. 0123 456",
    "Cordialement,\nJean",
    "Saludos,\nJuan",
    "Atenciosamente,\nJoão",
    "Cordiali saluti\nMario",
    "Met vriendelijke groet,\nJan",
    "Pozdrawiam\nJan",
    "С уважением,\nИван",
    "よろしくお願いします。\n山田",
]
GREETINGS = [
    "Hello team,",
    "Dear Sir or Madam,",
    "Hi!",
    "Guten Tag,",
    "Bonjour,",
    "Dzień dobry,",
    "Здравствуйте!",
]


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_an_earlier_mail_said_is_left_out(quoted: str) -> None:
    assert own_words(f"{SAID}\n\n{quoted}\n") == SAID


@pytest.mark.parametrize("signature", SIGNATURES)
def test_what_ends_a_mail_is_left_out(signature: str) -> None:
    assert own_words(f"{SAID}\n\n{signature}\n\n{QUOTED[0]}") == SAID


@pytest.mark.parametrize("greeting", GREETINGS)
@pytest.mark.parametrize("gap", [" ", "\n\n"])
def test_a_greeting_is_left_out(greeting: str, gap: str) -> None:
    assert own_words(greeting + gap + SAID) == SAID


@pytest.mark.parametrize(
    "notice",
    [
        "CAUTION: This email originated from outside of the organization. Do not click links.",
        "[EXTERNAL EMAIL]",
        "You don't often get email from ann@example.com. Learn why this is important",
        "Vorsicht: Diese E-Mail stammt von einem externen Absender.",
        "##- Please type your reply above this line -##",
        "[cid:image001.png@01DC4D]",
        "---------- Forwarded message ---------\nFrom: Ann\nDate: Tue\nSubject: Phone\nTo: <s@example.com>",
        "Begin forwarded message:\n\nFrom: Ann\nSubject: Phone\nDate: Tue",
    ],
)
def test_what_stands_above_a_mail_is_left_out(notice: str) -> None:
    assert own_words(f"{notice}\n\n{SAID}") == SAID


@pytest.mark.parametrize(
    "mail",
    [
        f"<p>{SAID}</p>",
        "<html><head><style>p{}</style></head><div>Hi,</div><div>My two-factor&nbsp;phone\nis lost.</div>",
        f"<div>{SAID}<br></div><div class='gmail_quote'><div>On Tue, Support wrote:</div><blockquote>Sent"
        "<blockquote>Paid</blockquote> on Monday.</blockquote></div>",
        f"<p>{SAID}</p><p>Kind regards<br>Ann</p>",
    ],
)
def test_a_mail_in_html_is_read_as_it_shows(mail: str) -> None:
    assert own_words(mail) == SAID


@pytest.mark.parametrize(
    ("message", "own"),
    [
        (f"{QUOTED[0]}\n\n{SAID}", SAID),
        (f"> Can you sign in?\nNo.\n> Why not?\n{SAID}", f"No.\n{SAID}"),
        (f"{SAID}\n\nRegards\nAnn\n\nP.S. How do I cancel?", f"{SAID}\n\nP.S. How do I cancel?"),
        (f"{SAID}\n\nThanks,\nalso I want to change my plan. How do I do that?", None),
    ],
    ids=["below the quoted mail", "between its lines", "in a postscript", "below a thanks"],
)
def test_what_is_said_elsewhere_is_kept(message: str, own: str | None) -> None:
    assert own_words(message) == (message if own is None else own)


@pytest.mark.parametrize(
    "message",
    [
        "How do I reset my password?",
        "Thanks for the help!\n\nHow long do refunds take?",
        "Best way to reset my password?\nI forgot it.",
        "Dear is what it is to me: which plan is cheaper?",
        "From: which countries do you ship?",
        "Note:\n- one\n- two",
        "hello",
        "Kind regards",
        "> quoted alone",
        "<Enter> does nothing, and 1 < 2 > 0",
        "<div> is not closed, why?",
        "",
    ],
)
def test_what_is_no_mail_is_left_alone(message: str) -> None:
    assert own_words(message) == message


@pytest.mark.parametrize(
    ("subject", "own"),
    [
        ("Re: Re: Fwd: Your order [#1]", ("Your order", True)),
        ("AW: Rechnung", ("Rechnung", True)),
        ("RE[2]: Rechnung", ("Rechnung", True)),
        ("回复：订单", ("订单", True)),
        ("Login issue", ("Login issue", False)),
        ("Red: the wrong colour", ("Red: the wrong colour", False)),
    ],
)
def test_a_subject_says_whether_it_is_an_earlier_mails(subject: str, own: tuple[str, bool]) -> None:
    assert own_subject(subject) == own


@pytest.mark.parametrize(
    "text",
    [
        "Am a schrieb " * 2000,
        "x\n" + "\n" * 20000,
        "x\nThanks\n" * 3000,
        "From: a\n" * 3000,
        "On 10:12\n" * 3000,
        "> " * 9000,
        "<p><blockquote>" * 2000,
        "<p>" + "<style>" * 3000,
        "<p>" + "<a " * 6000,
        "Hello " * 4000,
    ],
)
def test_a_hostile_mail_takes_no_time_to_speak_of(text: str) -> None:
    started = time.thread_time()
    own_words(text)
    assert time.thread_time() - started < 0.5
