"""How Hypothesis runs here: without a time limit for each example, which a busy machine would break."""

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """Take the profile that the command line names."""
    settings.load_profile(config.getoption("--hypothesis-profile") or "patient")
