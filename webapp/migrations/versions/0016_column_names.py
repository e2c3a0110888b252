"""what a school's own roster files call their columns, discarded uploads, and who is not in them any more."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MOMENTS = (("importrun", "discarded_at"), ("student", "absent_since"), ("contact", "absent_since"))


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "columnname",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("layout", text(length=30), nullable=False),
        sa.Column("heading", text(length=255), nullable=False),
        sa.Column("column", text(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_columnname_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_columnname")),
        sa.UniqueConstraint("school_id", "layout", "heading", name=op.f("uq_columnname_school_id_layout_heading")),
    )
    with op.batch_alter_table("columnname", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_columnname_school_id"), ["school_id"], unique=False)
    for table, column in _MOMENTS:
        op.add_column(table, sa.Column(column, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    # In place: to build these tables anew would take along what hangs on their rows.
    for table, column in _MOMENTS:
        op.drop_column(table, column)
    with op.batch_alter_table("columnname", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_columnname_school_id"))
    op.drop_table("columnname")
