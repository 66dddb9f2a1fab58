from pathlib import Path

import pytest
from pydantic import ValidationError

from hrsnn_edge.data.catalogue import ENTRIES, find_files
from hrsnn_edge.data.cochlea import CONTRAST
from hrsnn_edge.data.fsdd import load_fsdd
from hrsnn_edge.errors import DataError
from hrsnn_edge.flow.data_sections import SeriesData, section_of
from hrsnn_edge.flow.experiment import Experiment, load_experiment
from hrsnn_edge.model.recipes import UNHEARD_BACKPROP, best_recipe

FOLDER = Path(__file__).parents[2] / "experiments"
#: A study is a file of its own kind; tests/study checks those.
FILES = [path for path in sorted(FOLDER.glob("*.toml")) if not path.name.startswith("study-")]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_shipped_experiment_is_valid(path):
    """Every experiment that ships passes its own check and carries the name of its file."""
    assert load_experiment(path).name == path.stem


@pytest.mark.parametrize("name", ENTRIES)
def test_every_data_set_has_a_section(name):
    """Each data set of the catalogue can be named in an experiment, and says how it is encoded."""
    section = section_of(name)
    assert section.encoder and section.dt_ms > 0


@pytest.mark.parametrize("name", ["wand", "vowels", "goog", "kth"])
def test_a_section_loads_its_data(name):
    """A section passes its keys on to the loader."""
    if find_files(name) is None:
        pytest.skip(f"needs the data set {name}; set HRSNN_DATA")
    section = section_of(name)
    if isinstance(section, SeriesData):
        assert section.load_series().name == name
        with pytest.raises(DataError, match="must have classes, but 'goog' is a series"):
            section.load(0)
    elif name == "kth":
        data = section.model_copy(update={"test_groups": (98,), "grid": (4, 4)}).load(0)
        assert data.train.events.n_inputs == 32
    else:
        data = section.model_copy(update={"n_curves": 3}).load(0)
        assert data.train.events.n_inputs == 3 * {"wand": 6, "vowels": 12}[name]


def test_folds_by_speaker():
    """With a speaker held out each of the four others can be one fold."""
    path = find_files("fsdd")
    if path is None:
        pytest.skip("needs the data set fsdd; set HRSNN_DATA")
    from hrsnn_edge.data.cochlea import CochleaConfig

    small = CochleaConfig(n_channels=1, gains=(1.0,))
    data = load_fsdd(path, cochlea=small, held_out_speaker="george", fold_by="speaker")
    assert (len(data.train.labels), data.n_folds) == (2000, 4)
    with pytest.raises(ValueError, match="by 'take' or by 'speaker', not 'digit'"):
        load_fsdd(path, cochlea=small, fold_by="digit")


@pytest.mark.parametrize(
    ("name", "changes"),
    [("fsdd-backprop", {}), ("fsdd-unseen", UNHEARD_BACKPROP)],
)
def test_backprop_of_speech_is_the_recipe(name, changes):
    """The files and the tables of results train the same networks behind the same front end."""
    experiment = load_experiment(FOLDER / f"{name}.toml")
    assert experiment.model.config() == best_recipe("HeNB").with_values(changes)
    assert experiment.data.cochlea == CONTRAST


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prune": {"sparsity": 0.5}}, "prune.sparsity must be 0 where .* not 0.5"),
        ({"quantise": {"train_integer": True}}, "quantise.train_integer must be false where"),
    ],
)
def test_relays_are_neither_pruned_nor_trained_in_integers(changes, message):
    """What would not know a relay from a neuron is refused before anything runs."""
    values = {
        "name": "x",
        "data": {"name": "digits"},
        "model": {"readout": {"reads_input": True}},
        "prune": {"sparsity": 0.0},
        "quantise": {"train_integer": False},
    }
    assert Experiment.model_validate(values).model.config().readout.reads_input
    with pytest.raises(ValidationError, match=message):
        Experiment.model_validate(values | changes)
