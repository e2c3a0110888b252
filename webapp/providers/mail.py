"""Send one mail to one person over SMTP, with a deadline, a checked certificate and headers that nobody can extend."""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from email import policy
from email.charset import QP, Charset
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.text import MIMEText
from email.utils import parseaddr
from functools import cache
from typing import TYPE_CHECKING, Any

from flask_mail import Attachment, BadHeaderError, Connection, Mail, Message

from webapp import faults
from webapp.errors import N_, ProviderError
from webapp.providers.base import REFUSED_ADDRESS, REFUSED_MAIL, Invitation
from webapp.providers.base import Mail as Letter

if TYPE_CHECKING:
    from flask import Flask

DEADLINE, LONGEST = 20.0, 45.0
"""Seconds for one step of the conversation, and for the whole: shorter than an errand's lease, after which another
would send the mail too. Flask-Mail itself would wait for ever (STACK 1)."""

_END_OF_MAIL = b"\r\n.\r\n"
_ENCODED_WORD = re.compile(r"(?<==)(?=\?)|(?<=\?)(?==)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_AS_ENCODED = policy.SMTP.clone(refold_source="none")
_LONGEST_LINE = 900
"""Octets of the text, or letters of an ASCII subject, on one line: no line of a mail may have more than 998."""

_FOLDED = Charset("utf-8")
_FOLDED.body_encoding = QP


class SmtpMailer:
    """Speaks through the application's Flask-Mail settings (MAIL_SERVER, MAIL_PORT, …)."""

    def __init__(self, app: "Flask") -> None:
        self._app = app
        self._mail = Mail(app)

    def send(self, mail: Letter) -> None:
        recipient = parseaddr(mail.recipient)[1]
        is_plain = recipient.isascii() and "@" in recipient and "," not in mail.recipient
        if not is_plain or mail.recipient != one_line(mail.recipient):
            raise ProviderError(N_("The mail address cannot be used"), retry=False, code="address")
        with self._app.app_context():
            message = _message(mail, recipient)
            try:
                with _Connection(self._app.extensions["mail"]) as connection:
                    connection.send(message)
            except smtplib.SMTPRecipientsRefused as error:
                raise _refused(error) from error
            except smtplib.SMTPResponseException as error:
                raise _answered(error) from error
            except BadHeaderError as error:
                raise ProviderError(N_("The mail address cannot be used"), retry=False, code="address") from error
            except UnicodeError as error:
                raise ProviderError(N_("The mail cannot be written"), retry=False, code="text") from error
            except (OSError, smtplib.SMTPException) as error:
                raise ProviderError(N_("The mail server does not answer"), retry=True, detail=str(error)) from error

    def greet(self) -> None:
        with self._app.app_context():
            try:
                with _Connection(self._app.extensions["mail"]) as connection:
                    if connection.host:
                        connection.host.ehlo_or_helo_if_needed()
                        connection.host.noop()
            except smtplib.SMTPResponseException as error:
                raise _answered(error) from error
            except (OSError, smtplib.SMTPException) as error:
                raise ProviderError(N_("The mail server does not answer"), retry=True, detail=str(error)) from error


class _Message(Message):
    """Flask-Mail's, whose headers leave as they were encoded: by its own policy Python folds them anew, and loses or
    adds spaces where a long line holds letters beyond ASCII."""

    def _message(self) -> MIMEBase:
        message = super()._message()
        message.policy = policy.compat32
        if self.subject:
            message.replace_header("Subject", _encoded(self.subject))
        message.policy = _AS_ENCODED
        return message

    def _mimetext(self, text: str | None, subtype: str = "plain") -> MIMEText:
        """A paragraph is one line, which may be longer than servers take."""
        part = super()._mimetext(text, subtype)
        if text and any(len(line.encode()) > _LONGEST_LINE for line in text.split("\n")):
            del part["Content-Transfer-Encoding"]
            part.set_payload(text, _FOLDED)
        return part


def _encoded(subject: str) -> str:
    if subject.isascii() and len(subject) <= _LONGEST_LINE:
        return subject
    return Header(subject, "utf-8", header_name="Subject").encode()


class _EndsInTime(smtplib.SMTP):
    """A conversation that is hung up on after LONGEST, however slowly the server drips."""

    _end: threading.Timer | None = None

    def connect(self, *where: Any, **more: Any) -> tuple[int, bytes]:
        self._end = threading.Timer(LONGEST, self._hang_up)
        self._end.daemon = True
        self._end.start()
        try:
            return super().connect(*where, **more)
        except BaseException:
            self.close()
            raise

    def send(self, s: Any) -> None:
        super().send(s)
        if isinstance(s, bytes) and s.endswith(_END_OF_MAIL):
            faults.point("mail.data_sent")

    def close(self) -> None:
        if self._end:
            self._end.cancel()
        super().close()

    def _hang_up(self) -> None:
        """Whoever waits for an answer gets an error."""
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _EncryptedEndsInTime(_EndsInTime, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class _Connection(Connection):
    """Flask-Mail's connection, with the deadlines and the certificate check that it leaves out."""

    def configure_host(self) -> smtplib.SMTP:
        server, port = self.mail.server, self.mail.port
        if self.mail.use_ssl:
            host: smtplib.SMTP = _EncryptedEndsInTime(server, port, timeout=DEADLINE, context=_trust())
        else:
            host = _EndsInTime(server, port, timeout=DEADLINE)
        try:
            self._introduce(host)
        except BaseException:
            host.close()
            raise
        return host

    def _introduce(self, host: smtplib.SMTP) -> None:
        if self.mail.use_tls:
            host.starttls(context=_trust())
        if self.mail.username and self.mail.password:
            host.login(self.mail.username, self.mail.password)

    def __exit__(self, *_: object) -> None:
        """A server that hangs up after taking the mail has taken it: quitting must not hide that."""
        if self.host is not None:
            self.host.close()


@cache
def _trust() -> ssl.SSLContext:
    """Whom certificates are believed: a tenth of a second's work."""
    return ssl.create_default_context()


def one_line(text: str) -> str:
    """Text for a header: no line breaks, and no encoded words, which some Pythons decode into line breaks (D12)."""
    return _ENCODED_WORD.sub(" ", _CONTROLS.sub(" ", text)).strip()


def _message(mail: Letter, recipient: str) -> Message:
    message = _Message(
        subject=one_line(mail.subject),
        recipients=[recipient],
        body=mail.text,
        html=mail.html,
        attachments=[Attachment(one_line(a.filename), a.content_type, a.content) for a in mail.attachments],
        extra_headers={"Auto-Submitted": "auto-generated"},
    )
    _invite(message, mail.invitations)
    sender = parseaddr(str(message.sender))[1]
    if name := one_line(mail.sender_name):
        message.sender = (name, sender)
    if mail.reply_to:
        message.reply_to = one_line(mail.reply_to)
    message.msgId = f"<{mail.message_id}@{sender.partition('@')[2] or 'localhost'}>"
    return message


def _invite(message: Message, invitations: Sequence[Invitation]) -> None:
    """Programs add the entry of the alternative part by themselves. It has room for one, so that several are files."""
    for one in invitations:
        kind = f"text/calendar; method={one.method}"
        if len(invitations) == 1:
            message.alts[kind.removeprefix("text/")] = one.content.decode()
        message.attach(one_line(one.filename), kind, one.content)


def _refused(error: smtplib.SMTPRecipientsRefused) -> ProviderError:
    [(code, text)] = error.recipients.values()
    return ProviderError(
        N_("The mail server refuses this address"),
        retry=code < 500,
        code=REFUSED_ADDRESS,
        detail=f"{code} {str(text, 'utf-8', 'replace')}",
    )


def _answered(error: smtplib.SMTPResponseException) -> ProviderError:
    text = error.smtp_error if isinstance(error.smtp_error, str) else str(error.smtp_error, "utf-8", "replace")
    # A wrong password or sender is for the operator to mend: the mail waits rather than being lost.
    is_final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
    return ProviderError(
        N_("The mail server refuses the mail"),
        retry=not is_final,
        code=REFUSED_MAIL,
        detail=f"{error.smtp_code} {text}",
    )
