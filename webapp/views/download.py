"""Send a list as a file."""

import io
import re

from flask import send_file
from werkzeug.wrappers import Response

from webapp.documents.sheet import Sheet, csv_of


def download(sheet: Sheet, *, of: str) -> Response:
    """Named after the list and what it is `of`, which may be any words: a header has no room for line breaks."""
    name = re.sub(r'[\x00-\x1f\x7f"\\/:*?<>|]+', " ", f"{of} {sheet.title}").strip()
    kind = "text/csv; charset=utf-8"
    content = io.BytesIO(csv_of(sheet))
    return send_file(content, kind, as_attachment=True, download_name=f"{name}.csv", conditional=False, etag=False)
