"""Cut a list of people, or of what is theirs, into pages, and search in it whatever the case and accents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import Session

from webapp.services.people.folding import holds

PER_PAGE = 50
MOST_PAGES = 10_000

Row = TypeVar("Row")


class Looked(BaseModel):
    """What was asked for in a list; without words, all of it."""

    model_config = ConfigDict(str_strip_whitespace=True)

    words: str = Field(default="", max_length=200)
    page: int = Field(default=1, ge=1, le=MOST_PAGES)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some of the `total` rows; a page beyond the last is the last."""

    rows: Sequence[Row]
    total: int
    number: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def is_long(self) -> bool:
        return self.total > PER_PAGE

    @property
    def has_more(self) -> bool:
        return self.last < self.total


def page_of(
    session: Session, query: Any, looked: Looked, *, by: Any, said: Sequence[Any], make: Callable[[Any], Row]
) -> Page[Row]:
    """Two queries, however long the list. `query` is in order, `by` the column that tells its rows apart, `said` are
    those in which the words are looked for; `make` turns a row of the query into one of the page."""
    if looked.words:
        texts = session.execute(query.with_only_columns(by, *said, maintain_column_froms=True))
        ids = [row[0] for row in texts if holds(" ".join(text or "" for text in row[1:]), looked.words)]
        number, start = place(looked.page, len(ids))
        some, total = query.where(by.in_(ids[start : start + PER_PAGE])), len(ids)
    else:
        counted = select(func.count()).select_from(query.with_only_columns(by, maintain_column_froms=True).subquery())
        total = session.execute(counted).scalar_one()
        number, start = place(looked.page, total)
        some = query.offset(start).limit(PER_PAGE)
    return Page([make(row) for row in session.execute(some)], total, number)


def place(page: int, total: int) -> tuple[int, int]:
    """The page that there is, and where it begins."""
    number = min(max(1, page), max(1, -(-total // PER_PAGE)))
    return number, (number - 1) * PER_PAGE


def first_of(row: Any) -> Any:
    """Of a query for whole rows of one table."""
    return row[0]
