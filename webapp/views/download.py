"""Send a list, or what was printed, as a file."""

import io
import re

from flask import send_file
from werkzeug.wrappers import Response

from webapp.documents.pdf import pdf_of
from webapp.documents.sheet import Sheet, csv_of
from webapp.documents.workbook import xlsx_of
from webapp.errors import N_, DomainError

MOST_PRINTED = 5000
"""Rows of a PDF: some hundred pages, drawn in few seconds."""

FORMS = {
    "csv": (csv_of, "text/csv; charset=utf-8"),
    "xlsx": (xlsx_of, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": (pdf_of, "application/pdf"),
}


class TooLongToPrint(DomainError):
    message = N_("A PDF of %(rows)s rows would be too long. Choose a day or a teacher, or take the CSV.")


def download(sheet: Sheet, form: str, *, of: str) -> Response:
    """`form` is one of `FORMS`. Named after the list and what it is `of`, which may be any words: a header has no room
    for line breaks."""
    if form == "pdf" and len(sheet.rows) > MOST_PRINTED:
        raise TooLongToPrint(rows=len(sheet.rows))
    written, kind = FORMS[form]
    return send(written(sheet), kind, f"{of} {sheet.title}.{form}")


def send(content: bytes, kind: str, name: str) -> Response:
    name = re.sub(r'[\x00-\x1f\x7f"\\/:*?<>|]+', " ", name).strip()
    return send_file(io.BytesIO(content), kind, as_attachment=True, download_name=name, conditional=False, etag=False)
