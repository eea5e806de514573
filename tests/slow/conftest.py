"""Everything below is marked `slow`: `pytest -m "not slow"` leaves out crashes, fuzzing, and terminals."""

from pathlib import Path

import pytest

from tests.support.browsing import demo_copy


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("slow")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The demo's store, for the test alone."""
    return demo_copy(tmp_path / "history")
