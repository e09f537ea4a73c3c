"""No test writes into the history of whoever runs the tests."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def _history_of_its_own(tmp_path_factory: pytest.TempPathFactory):
    """Programs that tests start inherit it."""
    before = os.environ.get("OFFTAKE_HOME")
    os.environ["OFFTAKE_HOME"] = str(tmp_path_factory.mktemp("home"))
    yield
    if before is None:
        del os.environ["OFFTAKE_HOME"]
    else:
        os.environ["OFFTAKE_HOME"] = before
