"""Let through only those links of a provider that lie on its own hosts."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

LONGEST = 2048
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HARMLESS = re.compile(r"""[!-~]+""")
_FORBIDDEN = frozenset("\\\"'<>`{}|^")


def is_allowed_link(url: object, hosts: Collection[str]) -> bool:
    """https on one of the hosts or below it. A host written with its port, such as 127.0.0.1:5003, is matched whole;
    plain http is let through for those of this machine only (the demo's stand-in)."""
    if not isinstance(url, str) or len(url) > LONGEST or not _HARMLESS.fullmatch(url) or _FORBIDDEN & set(url):
        return False
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or "%" in parts.netloc:
        return False
    if parts.scheme == "http":
        return name in _LOOPBACK and parts.netloc in hosts
    return parts.scheme == "https" and (parts.netloc in hosts or (port in {None, 443} and _is_below(name, hosts)))


def _is_below(name: str, hosts: Collection[str]) -> bool:
    return any(name == host or name.endswith(f".{host}") for host in hosts)
