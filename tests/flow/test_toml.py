import pytest
from pydantic import BaseModel, ConfigDict, Field

from hrsnn_edge.data.catalogue import ENTRIES
from hrsnn_edge.errors import ExperimentError
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.toml import line_of, load_toml


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sparsity: float = Field(0.5, ge=0, lt=1)
    method: str = "lnp"


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    prune: Section = Section()


def test_unknown_key_is_named_with_line_and_nearest():
    """A misspelt key is reported with its line and the right spelling."""
    text = 'name = "x"\n\n[prune]\nsparsty = 0.8\n'
    with pytest.raises(ExperimentError) as error:
        load_toml(text, Document, "a.toml")
    assert (
        str(error.value) == "a.toml: line 4: unknown key 'prune.sparsty'. Did you mean 'sparsity'?"
    )


def test_unknown_key_without_neighbour_lists_the_allowed():
    """A key like no other is answered with the keys there are."""
    with pytest.raises(ExperimentError, match=r"line 2: unknown key 'zzz'\. Allowed: name, prune"):
        load_toml('name = "x"\nzzz = 1\n', Document, "a.toml")


def test_value_out_of_range_is_named():
    """A wrong value is reported with its line, its condition and itself."""
    with pytest.raises(
        ExperimentError, match=r"line 3: 'prune.sparsity' must be less than 1, not 1.5"
    ):
        load_toml('name = "x"\n[prune]\nsparsity = 1.5\n', Document, "a.toml")


def test_missing_key_and_bad_syntax():
    """A missing key and broken TOML are both one clear line."""
    with pytest.raises(ExperimentError, match="key 'name' is missing"):
        load_toml("", Document, "a.toml")
    with pytest.raises(ExperimentError, match="not valid TOML.*line 1"):
        load_toml("name = = 3", Document, "a.toml")


def test_all_errors_are_reported_at_once():
    """Two mistakes give two lines."""
    with pytest.raises(ExperimentError) as error:
        load_toml("[prune]\nmethood = 1\n", Document, "a.toml")
    assert len(str(error.value).splitlines()) == 2


def test_line_of_dotted_keys():
    """A dotted key and a header without the key are both found."""
    assert line_of("a.b = 1\n[c]\nd = 2\n", ("a", "b")) == 1
    assert line_of("a.b = 1\n[c]\nd = 2\n", ("c",)) == 2
    assert line_of("a.b = 1\n", ("x",)) is None


EXPERIMENT_ERRORS = [
    (
        '[data]\nname="digits"\nn_stps=3',
        "line 4: unknown key 'data.n_stps'. Did you mean 'n_steps'?",
    ),
    (
        '[data]\nname="digits"\n[model.network]\nn_neuron=3',
        "line 5: unknown key 'model.network.n_neuron'. Did you mean 'n_neurons'?",
    ),
    (
        '[data]\nname="digits"\n[model.network]\nn_neurons=1',
        "line 4: n_neurons must be at least 2, not 1.",
    ),
    ("[data]\nn_steps=3", "line 2: key 'data.name' is missing."),
    (
        '[data]\nname="digits"\n[quantise]\nweight_width=12',
        "line 4: Weight width must be between 2 and 8, not 12.",
    ),
]


@pytest.mark.parametrize(("text", "message"), EXPERIMENT_ERRORS)
def test_experiment_errors(text, message):
    """Wrong keys and values of an experiment are named by line at every depth."""
    with pytest.raises(ExperimentError) as error:
        load_toml('name="a"\n' + text, Experiment, "a.toml")
    assert str(error.value) == f"a.toml: {message}"


def test_unknown_data_set_lists_the_known():
    """A data set that is not there is answered with all there are, and the line."""
    with pytest.raises(ExperimentError, match="line 2: 'data.name' must be 'digits'") as error:
        load_toml('name="a"\n[data]\nname="digitz"', Experiment, "a.toml")
    assert all(f"'{name}'" in str(error.value) for name in ENTRIES)


def test_step_of_network_is_that_of_data():
    """A network stepped at another rate than its events is refused with both steps."""
    text = 'name="a"\n[data]\nname="nmnist"\ndt_ms=4.0\n[model.network]\ndt=%s'
    load_toml(text % "4.0", Experiment, "a.toml")
    with pytest.raises(ExperimentError, match="must be the step of the data, 4 ms, not 2"):
        load_toml(text % "2.0", Experiment, "a.toml")
