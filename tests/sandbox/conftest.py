"""Give each test a school of its own in the stand-in of Zoom, or all stand-ins on real ports."""

from collections.abc import Iterator

import pytest
from sandbox_school import School

from webapp.sandbox.run import RunningSandbox, start_sandbox


@pytest.fixture
def school() -> School:
    """Connected, with every scope."""
    return School().connect()


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    with start_sandbox() as sandbox:
        yield sandbox
