"""Know the stand-in's own address."""

from flask import request

from .state import ZoomState


def site(state: ZoomState) -> str:
    """The stand-in's own address without a slash at the end, the same in all links that it gives."""
    return state.public_url or request.host_url.rstrip("/")
