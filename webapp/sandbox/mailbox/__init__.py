"""Imitate a mail provider: receive by real SMTP, refuse on demand, and show every message in the browser."""

from .app import create_mailbox_app
from .smtp import SmtpServer
from .store import Mailbox, StoredMessage

__all__ = ["Mailbox", "SmtpServer", "StoredMessage", "create_mailbox_app"]
