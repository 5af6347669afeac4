"""Who asks for a person is heard; who only speaks of one is not mistaken."""

import time

import pytest

from chalicelib.chat.reading.person_request import asks_for_a_person

ASKING = """
is there anybody there i can speak to?
I want to speak to your sales team
Is a human available?
Connect me!
Enough. Supervisor.
can someone from your team get in touch with me?
Können Sie mich zurückrufen?
Rufen Sie mich bitte zurück
Bitte um Rückruf
Ich möchte zurückgerufen werden
Je souhaite être rappelé
Podem ligar-me?
Gibt es hier einen echten Menschen?
puis-je avoir quelqu'un au téléphone ?
¿me pueden llamar?
passe para um humano
mi può richiamare?
kan ik iemand aan de lijn krijgen
kunt u me doorverbinden
czy mogę z kimś porozmawiać
電話で話せますか
I want to talk to a human
I'd like to speak with a real person
I would like to speak to an agent please
Can I speak to someone?
Could I talk to somebody about my invoice?
let me talk to a human being
Let me speak with your manager.
I need to speak to a supervisor now
please connect me with an agent
can you connect me with support?
Connect me to a live agent!
transfer me to a representative
Transfer me to customer service
put me through to an operator
Put me in touch with your support team
hand me over to a human, please
escalate this to a manager
I want to speak to customer service
Can I chat with a support agent?
talk to support
talk to a human
get me a human
Give me a real person, not a bot
get me someone who can help
find me an agent
I want a human
I need a person!
I want a real person, please.
A person, please.
Hello! A human, please
My till is broken. An agent, please!
Ein Mensch, bitte.
I need an agent now
I would like a human to help me
I want human support
can i get a human
Can we please have an agent?
can someone call me?
Could somebody please contact me
have someone call me tomorrow
Can a human help me
is there a real person I can talk to?
Is there anyone I can speak with?
HUMAN!!!
agent
Agent please
live agent
real person please
a human
representative
operator
This is useless. I want to talk to a person.
are you a bot? I want a human
How can I talk to a person?
Why can't I speak to a human?
I   want
to talk to
a human
please escalate
I want to complain to a supervisor
I told you that I want a human
The bank told me to wait but I want to speak to an agent
"I want to talk to a human"
> How can we help?\\n\\nAgent please
Ich möchte mit einem Menschen sprechen
Kann ich bitte mit einem echten Mitarbeiter reden?
Bitte mit einer Mitarbeiterin verbinden
Kann ich mit jemandem sprechen?
Quiero hablar con una persona real
¿Puedo hablar con un agente?
quiero hablar con alguien
Je veux parler à un humain
Je voudrais parler à une vraie personne
puis-je parler avec un conseiller ?
Est-ce que je peux parler à quelqu’un ?
Vorrei parlare con un operatore
posso parlare con una persona?
Quero falar com um atendente
posso falar com uma pessoa?
Ik wil met een medewerker spreken
人間と話したいです
オペレーターにつないでください
担当者に代わってください
Chcę porozmawiać z konsultantem
Хочу поговорить с оператором
Покличте людину
Beni bir temsilciye bağlayın
상담원과 이야기하고 싶어요
أريد التحدث مع موظف
转人工
我要和真人说话
人工客服在吗？
""".replace("I   want\nto talk to\na human", "I   want to talk   to a human").strip()

NOT_ASKING = """
In the manual it says: speak to a supervisor before opening. What opens the case?
He told me: get a manager. How do I add one?
How do I hand over to a colleague?
Is human support included in Plus?
How do I reset my password?
How do I reset my password?\\n\\n> If you want to speak to an agent, call our hotline on weekdays.
The bank told me to speak to the support team. How long do refunds take?
Your email says: "If you would like to talk to a person, reply to it." Where do I find my invoice?
He asked to speak to a manager yesterday and got a refund. How do refunds work?
My boss wants to talk to a person at your company
I don't need a human
What happens if I ask to speak to a person?
How do I contact support?
how do I add a person to my team?
How do I invite another person?
what is the agent token?
Give me the agent token
Where do I find the agent token for the API?
your support agent yesterday was great
The agent told me to ask here.
a real person told me to clear the cache
I talked to a person yesterday and it still fails
I spoke with an agent last week
an operator in Germany has our order
How do I talk to the agent API?
How do I chat with the agent console open?
Give me a representative sample of the data
find me the person's email address
Get me the operator manual
Is the human resources module included?
What does the human readable name do?
How do I assign an agent role?
Can an agent see my password?
How many agents can I have on the free plan?
I want an agent license
I need a person to sign the contract
I want a human readable export
I need an operator precedence table
Can someone help me reset my password?
Can somebody explain the invoice?
can someone else log in with my account?
Will someone contact me when my order ships?
Can someone call me if my payment fails?
How do I share a chat with a person outside my team?
Can my customers talk to a human in the widget?
How can my users speak with an agent?
I don't want to talk to a human
I do not need to speak to someone
No need to transfer me to an agent
How can I do this without having to talk to a person?
Never transfer me to a representative
Is there a person icon in the menu?
Is there someone in my team with admin rights?
Who is the contact person for billing?
per person pricing
What is a missing person filter?
What does "talk to sales" on the pricing page mean?
How do I connect my account to Slack?
How do I transfer my workspace to another owner?
personal data export
agents
user agent string
the support page is down
Do you support SSO?
Ich habe mit einem Mitarbeiter gesprochen
Mein Mitarbeiter braucht Zugriff
¿Cómo agrego una persona a mi equipo?
Comment ajouter une personne à mon équipe ?
人間工学の記事はありますか
Wczoraj rozmawiałem z konsultantem
Мне не нужен оператор
Temsilciyle konuşmak istemiyorum
상담원을 어떻게 추가하나요?
كيف أضيف موظفا؟
不用转人工
""".strip()


@pytest.mark.parametrize("text", ASKING.splitlines())
def test_who_asks_for_a_person_is_heard(text: str) -> None:
    assert asks_for_a_person(text.replace("\\n", "\n"))


@pytest.mark.parametrize("text", NOT_ASKING.splitlines())
def test_who_only_speaks_of_one_is_not_mistaken(text: str) -> None:
    assert not asks_for_a_person(text.replace("\\n", "\n"))


def test_line_ends_do_not_matter() -> None:
    assert asks_for_a_person("I want\n to\ttalk\r\nto a human")


def test_a_request_after_a_denial_counts() -> None:
    assert asks_for_a_person("I don't want to talk to a bot, I want to talk to a human")


@pytest.mark.parametrize(
    "text",
    [
        "talk to " * 500,
        "i want " * 600,
        "„" * 4000,
        "a " * 2000,
        "real " * 800,
        " " * 4000,
        "mit einem menschen " * 200,
    ],
)
def test_a_hostile_text_takes_no_time_to_speak_of(text: str) -> None:
    started = time.thread_time()
    asks_for_a_person(text)
    assert time.thread_time() - started < 0.5
