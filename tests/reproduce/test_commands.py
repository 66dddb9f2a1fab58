import pytest

from hrsnn_edge.errors import ToolFailedError
from hrsnn_edge.reproduce.commands import (
    Command,
    command_section,
    measure_command,
    plain_rows,
    study_rows,
)


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


def test_front_of_a_study():
    """Every point of the front is a line, by rising work; the last says how long all took."""
    row = {"n_neurons": 128, "method": "lnp", "sparsity": 0.9, "weight_width": 4, "board": "b",
           "accuracy": 0.951, "accuracy_sd": 0.004, "test": 0.94, "test_sd": 0.01, "cycles": 900,
           "memory_kbit": 120.4, "energy_uj": 0.0123}  # fmt: skip
    found = {"points": 200, "failed": [], "seconds": 301.4}
    rows = study_rows(found | {"rows": [row | {"sop": 50.0}, row | {"sop": 20.4}]})
    assert rows[1][4:8] == ["b", "95.1 ± 0.4", "94.0 ± 1.0", "20"]
    assert rows[2][7] == "50" and rows[3][0].endswith("0 without figures, in all 301 s")
    assert {len(line) for line in rows} == {len(rows[0])}
