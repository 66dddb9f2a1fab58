"""What the tests share that open a page in a real browser."""

import pytest

from hrsnn_edge.report import picture

needs_browser = pytest.mark.skipif(
    picture.find_browser() is None, reason=f"none of {', '.join(picture.BROWSERS)} is installed"
)
