"""Listen to all that is logged while tests run, as an installation would write it, and find whom it tells of."""

import logging
import re

from webapp.logs import JsonLines

_PEOPLE = re.compile(
    r"Alice|Alvarez|Folake|Adeyemi|Barlow|Novak|Núñez|Canary|Mia\b|[\w.+-]+@[\w-]+\.example|https?://(?!127\.|localhost)"
)
"""The names that the tests give to people, and how addresses and links look that are theirs."""


class Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self.telling: list[str] = []
        """The lines that told of somebody."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if tells_of_somebody(line):
            self.telling.append(line)


def tells_of_somebody(line: str) -> bool:
    return _PEOPLE.search(line) is not None
