import pytest

from hrsnn_edge.errors import ToolFailedError
from hrsnn_edge.reproduce.commands import Command, command_section, measure_command, plain_rows


def test_a_verb_is_run_and_printed():
    """The JSON that a verb prints becomes the table below its command."""
    command = Command("list", "all tables", "hrsnn reproduce --json", plain_rows("tables"))
    found = measure_command(command)
    assert "memory" in found["tables"]
    text = command_section(command, {"tables": [{"some_rate": 0.25, "n": 3}]})
    for part in ("`hrsnn reproduce --json`", "| some rate | n |", "| 0.25 | 3 |"):
        assert part in text


def test_a_verb_that_fails_is_an_error():
    """Nothing is printed for a verb that ends with another code than 0."""
    with pytest.raises(ToolFailedError, match="must end with code 0, not 1"):
        measure_command(Command("x", "x", "hrsnn reproduce nothing --json", plain_rows(None)))
