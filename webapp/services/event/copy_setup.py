"""Copy what an event is set up with to another: all that hangs on it, save what is named here as its own."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Table, insert, select
from sqlmodel import Session, col

from webapp.models import Event, EventSettings, metadata
from webapp.models.base import new_token

NOT_COPIED = frozenset({"provider", "opens_at", "closes_at", "mails_held_at"})
"""Of the settings: another round opens at its own time, and no meeting is made unasked (R20)."""

ITS_OWN = frozenset({"appointment", "eventsettings", "formeraddress", "grant", "resource", "slot"})
"""Tables of which a new event begins with none; the settings are copied by themselves. Each other table whose rows are
part of an event, or part of such a row, is copied, also one that is not known yet."""

Ids = dict[str, dict[Any, Any]]
"""New ids by old ones, by table."""


def copy_setup(session: Session, source: Event, target: Event) -> None:
    """Settings, messages, services, fields: whatever there is."""
    _copy_settings(session, source, target)
    _copy_parts(session, {"event": {source.id: target.id}}, without=ITS_OWN)


def copy_resources(session: Session, source: Event, target: Event) -> int:
    """Resources with their contacts in order, rooms and Virtual Rooms; how many."""
    setup = {table.name for table in metadata.sorted_tables if _parents(table, {"event"})}
    ids: Ids = {"event": {source.id: target.id}}
    _copy_parts(session, ids, without=(setup | ITS_OWN) - {"resource"})
    return len(ids["resource"])


def _copy_settings(session: Session, source: Event, target: Event) -> None:
    row = session.execute(select(EventSettings).where(col(EventSettings.event_id) == source.id)).scalar_one()
    values = row.model_dump(exclude=set(NOT_COPIED)) | {"event_id": target.id}
    session.add(EventSettings(**values))
    session.flush()


def _copy_parts(session: Session, ids: Ids, *, without: Collection[str]) -> None:
    for table in metadata.sorted_tables:
        if table.name in ids or table.name in without:
            continue
        if parents := _parents(table, ids):
            ids[table.name] = _copy_rows(session, table, parents, ids)


def _parents(table: Table, names: Collection[str]) -> dict[str, str]:
    """The columns that make a row part of one of these tables, and which."""
    ties = (key for key in table.foreign_keys if key.ondelete == "CASCADE" and key.column.table.name in names)
    return {key.parent.name: key.column.table.name for key in ties}


def _copy_rows(session: Session, table: Table, parents: dict[str, str], ids: Ids) -> dict[Any, Any]:
    theirs = (table.c[name].in_(list(ids[parent])) for name, parent in parents.items())
    rows = session.execute(select(table).where(*theirs).order_by(*table.primary_key.columns)).mappings().all()
    made: dict[Any, Any] = {}
    connection = session.connection()
    for row in rows:
        values = {name: value for name, value in row.items() if name not in {"id", "token"}}
        values |= {name: ids[parent][row[name]] for name, parent in parents.items()}
        if "token" in table.c:
            values["token"] = new_token()
        key: Any = connection.execute(insert(table).values(**values)).inserted_primary_key
        if "id" in table.c:
            made[row["id"]] = key[0]
    return made
