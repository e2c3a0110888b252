"""Read a message for people and for tests: its texts, its links and what is attached."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from .store import StoredMessage

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


def text_of(message: StoredMessage) -> str:
    return _body(message.content, "plain")


def html_of(message: StoredMessage) -> str:
    return _body(message.content, "html")


def _body(content: EmailMessage, kind: str) -> str:
    part = content.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def attachments_of(message: StoredMessage) -> list[Attachment]:
    return [_attachment(index, part) for index, part in enumerate(message.content.iter_attachments())]


def _attachment(index: int, part: Any) -> Attachment:
    content = part.get_content()
    raw = content.encode() if isinstance(content, str) else content
    name = part.get_filename() or f"attachment-{index + 1}"
    return Attachment(name, part.get_content_type(), raw if isinstance(raw, bytes) else part.as_bytes())


def described(message: StoredMessage) -> dict[str, Any]:
    """As /messages.json gives it; `to` is the envelope's list, not the header's."""
    return {
        "id": message.id,
        "from": message.sender,
        "to": list(message.recipients),
        "subject": _header(message, "Subject"),
        "date": _header(message, "Date"),
        "message_id": _header(message, "Message-ID"),
        "received_at": message.received_at.isoformat(),
        "headers": [[name, str(value)] for name, value in message.content.items()],
        "text": text_of(message),
        "html": html_of(message),
        "links": _LINK.findall(text_of(message)),
        "attachments": [_described_attachment(one) for one in attachments_of(message)],
    }


def _header(message: StoredMessage, name: str) -> str:
    return str(message.content.get(name, ""))


def _described_attachment(attachment: Attachment) -> dict[str, Any]:
    return {"name": attachment.name, "content_type": attachment.content_type, "size": len(attachment.content)}
