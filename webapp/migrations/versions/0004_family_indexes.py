"""what a family's pages ask for is found by index, however large the school and full the event."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NEW = (
    ("contact", ("login_id", "school_id")),
    ("appointment", ("contact_id", "event_id")),
    ("resourcemember", ("contact_id", "resource_id")),
    ("enrolment", ("student_id", "class_id")),
)
_OLD = (("contact", "login_id"), ("appointment", "contact_id"))


def upgrade() -> None:
    for table, columns in _NEW:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
    for table, column in _OLD:
        op.drop_index(f"ix_{table}_{column}", table_name=table)


def downgrade() -> None:
    for table, column in _OLD:
        op.create_index(f"ix_{table}_{column}", table, [column])
    for table, columns in _NEW:
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table_name=table)
