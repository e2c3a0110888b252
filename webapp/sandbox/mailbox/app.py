"""Show the mailbox in a browser and as JSON; what a message brings along is never run."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from ..guard import protect
from .reading import attachments_of, described, html_of, text_of
from .store import Mailbox, StoredMessage

_HERE = Path(__file__).resolve().parent.parent
_LONGEST_WAIT = 60.0
# A letter may dress itself and open links in a new tab, and nothing else.
_LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def create_mailbox_app(mailbox: Mailbox) -> Flask:
    app = Flask(__name__, template_folder=str(_HERE / "templates"), static_folder=str(_HERE / "static"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(_pages(mailbox))
    app.register_blueprint(_feed(mailbox))
    protect(app)
    return app


def _pages(mailbox: Mailbox) -> Blueprint:
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def home() -> str:
        to = request.args.get("to", "").strip()
        messages = list(reversed(mailbox.find(to=to)))
        return render_template("mailbox/home.html", messages=messages, to=to, addresses=_addresses(mailbox))

    @pages.get("/messages/<int:number>")
    def message(number: int) -> str:
        found = _found(mailbox, number)
        parts = {"text": text_of(found), "has_html": bool(html_of(found)), "attachments": attachments_of(found)}
        return render_template("mailbox/message.html", message=found, **parts)

    @pages.get("/messages/<int:number>/html")
    def letter(number: int) -> Response:
        content = html_of(_found(mailbox, number))
        response = Response(f'<base target="_blank">{content}', content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _LETTER_POLICY
        return response

    @pages.get("/messages/<int:number>/attachments/<int:index>")
    def attachment(number: int, index: int) -> Response:
        attachments = attachments_of(_found(mailbox, number))
        if index >= len(attachments):
            abort(404)
        response = Response(attachments[index].content, content_type="application/octet-stream")
        response.headers.set("Content-Disposition", "attachment", filename=attachments[index].name)
        return response

    @pages.post("/clear")
    def clear() -> BaseResponse:
        mailbox.clear()
        return redirect(url_for("pages.home"), 303)

    return pages


def _feed(mailbox: Mailbox) -> Blueprint:
    feed = Blueprint("feed", __name__)

    @feed.get("/messages.json")
    def messages() -> Response:
        """Oldest first; with `wait` it answers as soon as there is one behind `after`, else empty."""
        to, after = request.args.get("to", ""), request.args.get("after", 0, type=int)
        seconds = min(request.args.get("wait", 0.0, type=float), _LONGEST_WAIT)
        found = (
            mailbox.wait_for(to=to, after=after, seconds=seconds) if seconds > 0 else mailbox.find(to=to, after=after)
        )
        return jsonify([described(message) for message in found])

    @feed.get("/control/refusals")
    def refusals() -> dict[str, Any]:
        return mailbox.refusals()

    @feed.post("/control/refusals")
    def refuse() -> tuple[dict[str, Any], int]:
        content = request.get_json(force=True)
        try:
            mailbox.refuse(content["address"], int(content.get("code", 550)))
        except (KeyError, TypeError, ValueError) as error:
            return {"error": str(error)}, 400
        return mailbox.refusals(), 200

    @feed.delete("/control/refusals/<address>")
    def accept(address: str) -> dict[str, Any]:
        mailbox.accept(address)
        return mailbox.refusals()

    return feed


def _found(mailbox: Mailbox, number: int) -> StoredMessage:
    return mailbox.get(number) or abort(404)


def _addresses(mailbox: Mailbox) -> list[str]:
    """Everybody who ever got a message, for the filter."""
    return sorted({recipient for message in mailbox.find() for recipient in message.recipients})
