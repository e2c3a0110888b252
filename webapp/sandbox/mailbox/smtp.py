"""Receive by real SMTP on a loopback port that is known before the first message."""

import asyncio
import socket
from typing import Any
from weakref import WeakSet

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .store import Mailbox

_LARGEST = 33_554_432


class _Receiver:
    """Hands to the mailbox what the protocol lets through."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_RCPT(  # noqa: N802  # the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        code = self._mailbox.refusal_of(address)
        if code is not None:
            kind = "4.2.1" if code < 500 else "5.1.1"
            return f"{code} {kind} <{address}>: the stand-in was told to refuse this recipient"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        message = self._mailbox.add(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw)
        return f"250 2.0.0 kept as {message.id}"


class SmtpServer(Controller):
    """Takes a socket that listens already; `stop` closes it and every open session."""

    def __init__(self, mailbox: Mailbox, listening: socket.socket) -> None:
        host, port = listening.getsockname()[:2]
        super().__init__(_Receiver(mailbox), hostname=host, port=port, data_size_limit=_LARGEST)
        self._listening = listening
        self._sessions: WeakSet[SMTP] = WeakSet()

    def factory(self) -> SMTP:
        session = SMTP(self.handler, ident="Confab sandbox", **self.SMTP_kwargs)
        self._sessions.add(session)
        return session

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._close_sessions(), self.loop).result(5)
        super().stop(no_assert)

    async def _close_sessions(self) -> None:
        """An open session would keep its transport, and on newer Pythons the server, from closing."""
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        await asyncio.sleep(0)
