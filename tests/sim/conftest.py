"""Fixtures of the simulation tests."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def build_root():
    """The build folder of the project: models are compiled once and found again by their hash."""
    return Path(__file__).parents[2] / "build/sim/models"
