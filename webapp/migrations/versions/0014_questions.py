"""services and appointment fields, and the answers to them."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.add_column("appointment", sa.Column("service", _TEXT(length=200), nullable=False, server_default=""))
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.alter_column("service", server_default=None)
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("name", _TEXT(length=200), nullable=False),
        _tie("service", "school_id", "school"),
        _tie("service", "event_id", "event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("event_id", "name", name=op.f("uq_service_event_id_name")),
    )
    op.create_index(op.f("ix_service_school_id"), "service", ["school_id"], unique=False)
    op.create_table(
        "appointmentfield",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("label", _TEXT(length=200), nullable=False),
        sa.Column("kind", _TEXT(length=6), nullable=False),
        sa.Column("options", _TEXT(length=4000), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_used", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('text', 'choice')", name=op.f("ck_appointmentfield_known_kind")),
        _tie("appointmentfield", "school_id", "school"),
        _tie("appointmentfield", "event_id", "event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointmentfield")),
        sa.UniqueConstraint("event_id", "label", name=op.f("uq_appointmentfield_event_id_label")),
    )
    op.create_index(op.f("ix_appointmentfield_school_id"), "appointmentfield", ["school_id"], unique=False)
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=True),
        sa.Column("label", _TEXT(length=200), nullable=False),
        sa.Column("text", _TEXT(length=1000), nullable=False),
        _tie("answer", "school_id", "school"),
        _tie("answer", "appointment_id", "appointment"),
        _tie("answer", "field_id", "appointmentfield", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
    )
    for column in ("school_id", "appointment_id", "field_id"):
        op.create_index(op.f(f"ix_answer_{column}"), "answer", [column], unique=False)


def _tie(table: str, column: str, other: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def downgrade() -> None:
    for column in ("field_id", "appointment_id", "school_id"):
        op.drop_index(op.f(f"ix_answer_{column}"), table_name="answer")
    op.drop_table("answer")
    op.drop_index(op.f("ix_appointmentfield_school_id"), table_name="appointmentfield")
    op.drop_table("appointmentfield")
    op.drop_index(op.f("ix_service_school_id"), table_name="service")
    op.drop_table("service")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_column("service")
