"""Import files into a school in a test, written as texts that one can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webapp.models import School
from webapp.services.roster.import_roster import ImportPlan, apply_import, plan_import
from webapp.services.roster.report import Report
from webapp.services.system.audit import SYSTEM


@dataclass
class Importer:
    """Imports into one school. A text stands for a tab-delimited file, with `|` where the tabs are."""

    session: Session
    school: School
    now: datetime

    def plan(self, files: Mapping[str, str | bytes], *same: str) -> ImportPlan:
        read = {
            name: content if isinstance(content, bytes) else content.replace("|", "\t").encode()
            for name, content in files.items()
        }
        return plan_import(self.session, self.school, read, same=frozenset(same), now=self.now)

    def apply(self, files: Mapping[str, str | bytes], *same: str) -> Report:
        return apply_import(self.session, self.school, self.plan(files, *same), who=SYSTEM, now=self.now)
