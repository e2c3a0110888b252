"""Send one mail to one person over SMTP, with a deadline, a checked certificate and headers that nobody can extend."""

import re
import smtplib
import ssl
from email.utils import parseaddr
from typing import TYPE_CHECKING

from flask_mail import Attachment, BadHeaderError, Connection, Mail, Message

from webapp.errors import N_, ProviderError
from webapp.providers.base import Mail as Letter

if TYPE_CHECKING:
    from flask import Flask

DEADLINE = 20.0
"""Seconds for each step of the conversation; Flask-Mail itself would wait for ever (STACK 1)."""

_ENCODED_WORD = re.compile(r"=\?|\?=")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


class SmtpMailer:
    """Speaks through the application's Flask-Mail settings (MAIL_SERVER, MAIL_PORT, …)."""

    def __init__(self, app: "Flask") -> None:
        self._app = app
        self._mail = Mail(app)

    def send(self, mail: Letter) -> None:
        recipient = parseaddr(mail.recipient)[1]
        if not recipient or "," in mail.recipient or recipient != one_line(recipient):
            raise ProviderError(N_("The mail address cannot be used"), retry=False, code="address")
        with self._app.app_context():
            message = _message(mail, recipient)
            try:
                with _Connection(self._app.extensions["mail"]) as connection:
                    connection.send(message)
            except smtplib.SMTPRecipientsRefused as error:
                raise _refused(error, recipient) from error
            except smtplib.SMTPResponseException as error:
                raise _answered(error) from error
            except BadHeaderError as error:
                raise ProviderError(N_("The mail address cannot be used"), retry=False, code="address") from error
            except (OSError, smtplib.SMTPException) as error:
                raise ProviderError(N_("The mail server does not answer"), retry=True, detail=str(error)) from error


class _Connection(Connection):
    """Flask-Mail's connection, with the deadline and the certificate check that it leaves out."""

    def configure_host(self) -> smtplib.SMTP:
        server, port = self.mail.server, self.mail.port
        context = ssl.create_default_context()
        if self.mail.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(server, port, timeout=DEADLINE, context=context)
        else:
            host = smtplib.SMTP(server, port, timeout=DEADLINE)
        if self.mail.use_tls:
            host.starttls(context=context)
        if self.mail.username and self.mail.password:
            host.login(self.mail.username, self.mail.password)
        return host

    def __exit__(self, *_: object) -> None:
        """A server that hangs up after taking the mail has taken it: quitting must not hide that."""
        if self.host is not None:
            self.host.close()


def one_line(text: str) -> str:
    """Text for a header: no line breaks, and no encoded words, which some Pythons decode into line breaks (D12)."""
    return _ENCODED_WORD.sub("", _CONTROLS.sub(" ", text)).strip()


def _message(mail: Letter, recipient: str) -> Message:
    message = Message(
        subject=one_line(mail.subject),
        recipients=[recipient],
        body=mail.text,
        html=mail.html,
        attachments=[Attachment(a.filename, a.content_type, a.content) for a in mail.attachments],
        extra_headers={"Auto-Submitted": "auto-generated"},
    )
    sender = parseaddr(str(message.sender))[1]
    message.msgId = f"<{mail.message_id}@{sender.partition('@')[2] or 'localhost'}>"
    return message


def _refused(error: smtplib.SMTPRecipientsRefused, recipient: str) -> ProviderError:
    code, text = error.recipients.get(recipient, (550, b""))
    return ProviderError(
        N_("The mail server refuses this address"),
        retry=code < 500,
        code=str(code),
        detail=str(text, "utf-8", "replace"),
    )


def _answered(error: smtplib.SMTPResponseException) -> ProviderError:
    text = error.smtp_error if isinstance(error.smtp_error, str) else str(error.smtp_error, "utf-8", "replace")
    # A wrong password or sender is for the operator to mend: the mail waits rather than being lost.
    return ProviderError(N_("The mail server refuses the mail"), retry=True, code=str(error.smtp_code), detail=text)
