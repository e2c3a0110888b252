"""Keep two servers from one port: they could listen on it together, and each would get some of the visitors."""

import os
import socket

from webapp.operations.environment import Refused


def refuse_taken(host: str, port: int) -> None:
    """Raises Refused unless this machine lets a server have the port to itself.

    The workers share their port by SO_REUSEPORT, so that the system refuses nobody who asks for it in the same way:
    here it is asked for without. SO_REUSEADDR only passes over what a server that has ended left behind.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
        with socket.socket(family, kind) as probe:
            if os.name == "posix":  # on Windows it would take the port away from whoever has it
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        words = f"Port {port} on {host} cannot be had: {error.strerror}. "
        raise Refused(f"{words}If another server runs there, end it, or choose another port with --port.") from error
