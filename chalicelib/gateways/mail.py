"""Sends mails through Amazon SES."""

from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from chalicelib.answers import OF_ANOTHER_SHAPE
from chalicelib.domain.mail import Mail
from chalicelib.errors import SendingFailed, SendingRefused
from chalicelib.gateways.aws import error_code

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import ContentTypeDef

REFUSALS = frozenset(
    {"BadRequestException", "MailFromDomainNotVerifiedException", "MessageRejected", "NotFoundException"}
)
"""What SES answers to a mail that it will not take later either, unless somebody does something about it."""
NO_WHOLE_ANSWER = (
    *(ConnectionClosedError, ReadTimeoutError, ResponseParserError, ResponseStreamingError),
    *OF_ANOTHER_SHAPE,
)


@dataclass(frozen=True)
class SesMail:
    """Sends mails from one address; `client` makes one attempt, for SES cannot tell two from one."""

    client: "SESV2Client"
    sender: str

    def send(self, mail: Mail) -> None:
        """Hand a mail to SES, which delivers it on its own. Raises SendingFailed, SendingRefused.

        Where no answer comes the mail may be on its way: it is not sent again, lest it come twice. A reason
        holds no address.
        """
        try:
            self.client.send_email(
                # A name that is not ASCII has to be encoded by us.
                FromEmailAddress=formataddr(parseaddr(self.sender)),
                Destination={"ToAddresses": [mail.to]},
                Content={
                    "Simple": {
                        "Subject": _utf8(mail.subject),
                        "Body": {"Text": _utf8(mail.text), "Html": _utf8(mail.html)},
                        # So that no absence notice answers it.
                        "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
                    }
                },
            )
        except ClientError as error:
            code = error_code(error)
            kind = SendingRefused if code in REFUSALS else SendingFailed
            raise kind(f"SES answered {code}") from error
        except NO_WHOLE_ANSWER as error:
            raise SendingRefused("no answer of SES; it may have been sent all the same") from error
        except BotoCoreError as error:
            raise SendingFailed("SES could not be reached") from error


def _utf8(text: str) -> "ContentTypeDef":
    return {"Data": text, "Charset": "UTF-8"}
