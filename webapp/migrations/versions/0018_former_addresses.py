"""addresses that events had before."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "formeraddress",
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_formeraddress_school_id_school"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_formeraddress_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("school_id", "slug", name=op.f("pk_formeraddress")),
    )
    op.create_index(op.f("ix_formeraddress_school_id"), "formeraddress", ["school_id"], unique=False)
    op.create_index(op.f("ix_formeraddress_event_id"), "formeraddress", ["event_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_formeraddress_event_id"), table_name="formeraddress")
    op.drop_index(op.f("ix_formeraddress_school_id"), table_name="formeraddress")
    op.drop_table("formeraddress")
