"""Give every page of a stand-in the same safe headers, and refuse forms that another site sends."""

from flask import Flask, Response, abort, request

# There is no form-action: browsers apply it to the redirect after a form too, and consent ends at the client's address.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "frame-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)


def protect(app: Flask) -> None:
    app.before_request(_refuse_other_sites)
    app.after_request(_add_headers)


def _refuse_other_sites() -> None:
    is_unsafe = request.method not in {"GET", "HEAD", "OPTIONS"}
    if is_unsafe and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
