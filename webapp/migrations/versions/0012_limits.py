"""the limits of UI Setup, with the ordinals that keep them; when booking and cancelling end; the step of the grid."""

from typing import Any

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('parent', 'student', 'teacher', 'room', 'host'{})"
_ORDINALS = {
    "event_nth": ["event_id", "contact_id"],
    "child_nth": ["event_id", "contact_id", "child_key"],
    "class_nth": ["event_id", "contact_id", "class_id"],
    "day_nth": ["resource_id", "day"],
}
_TEXT = sqlmodel.sql.sqltypes.AutoString
_NEW: dict[str, tuple[Any, Any]] = {
    "one_per_teacher": (sa.Boolean(), sa.false()),
    "one_per_class": (sa.Boolean(), sa.false()),
    "allows_back_to_back": (sa.Boolean(), sa.true()),
    "gap_minutes": (sa.Integer(), "5"),
    "cancel_limit": (sa.Integer(), "0"),
    "cancel_unit": (_TEXT(length=5), "hours"),
    "booking_closes": (_TEXT(length=14), "with_scheduler"),
    "closes_hours": (sa.Integer(), "24"),
    "closes_days": (sa.Integer(), "1"),
    "closes_time": (_TEXT(length=5), "12:00"),
    "asks_questions": (sa.Boolean(), sa.false()),
}
_OPTIONAL = ("draw_minutes", "max_per_event", "max_per_day", "max_per_child")
_CHECKS = {
    "limits": "max_per_event >= 1 AND max_per_day >= 1 AND max_per_child >= 1",
    "gap": "gap_minutes BETWEEN 1 AND 240",
    "known_cancel_unit": "cancel_unit IN ('hours', 'days', 'weeks', 'never')",
    "known_booking_closes": "booking_closes IN ('with_scheduler', 'hours_before', 'days_before')",
}


def upgrade() -> None:
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        for name in _ORDINALS:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("day", _TEXT(length=10), nullable=True))
    for name, whose in _ORDINALS.items():
        counted = sa.text(f"cancelled_at IS NULL AND {name} IS NOT NULL")
        index = f"uq_appointment_{name}"
        columns = [*whose, name]
        op.create_index(index, "appointment", columns, unique=True, sqlite_where=counted, postgresql_where=counted)
    with op.batch_alter_table("eventsettings", schema=None) as batch_op:
        for name in _OPTIONAL:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
        for name, (kind, default) in _NEW.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=default))
        for name, rule in _CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_eventsettings_{name}"), rule)
    with op.batch_alter_table("eventsettings", schema=None) as batch_op:
        for name in _NEW:
            batch_op.alter_column(name, server_default=None)
    with op.batch_alter_table("occupancy", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_occupancy_known_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_occupancy_known_kind"), _KINDS.format(", 'gap'"))


def downgrade() -> None:
    op.execute("DELETE FROM occupancy WHERE kind = 'gap'")
    with op.batch_alter_table("occupancy", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_occupancy_known_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_occupancy_known_kind"), _KINDS.format(""))
    with op.batch_alter_table("eventsettings", schema=None) as batch_op:
        for name in _CHECKS:
            batch_op.drop_constraint(op.f(f"ck_eventsettings_{name}"), type_="check")
        for name in (*_NEW, *_OPTIONAL):
            batch_op.drop_column(name)
    for name in _ORDINALS:
        op.drop_index(f"uq_appointment_{name}", table_name="appointment")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        for name in ("day", *_ORDINALS):
            batch_op.drop_column(name)
