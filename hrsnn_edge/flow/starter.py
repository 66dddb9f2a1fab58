"""A first experiment file, written from three answers: data set, board, effort."""

from __future__ import annotations

from dataclasses import dataclass

from hrsnn_edge.data.catalogue import ENTRIES
from hrsnn_edge.flow.data_sections import section_of
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.toml import load_toml


@dataclass(frozen=True)
class Effort:
    """How much is spent on a first experiment.

    Attributes
    ----------
    words : str
        For the question.
    n_neurons, evaluations, samples : int
        Recurrent neurons, networks the tuner tries, samples shown to STDP.
    random_networks, bulk_samples : int
        Of the verification; 0 test samples is all of them.
    """

    words: str
    n_neurons: int
    evaluations: int
    samples: int
    random_networks: int
    bulk_samples: int


EFFORTS = {
    "quick": Effort("a minute or two: 64 neurons, no tuning", 64, 0, 300, 4, 20),
    "usual": Effort("minutes: 256 neurons, 12 tuned networks", 256, 12, 1000, 20, 100),
    "thorough": Effort("an hour or more: 512 neurons, 40 tuned networks", 512, 40, 4000, 100, 0),
}
#: Data sets with classes; a series has none to train for.
DATA = tuple(name for name, entry in ENTRIES.items() if entry.n_classes)
#: The board that answers for none.
NO_BOARD = "none"

#: Keys of ``[data]`` that differ from their defaults, mean rate [Hz] and bins of the readout.
#: Digits last 48 ms, so a neuron needs 80 Hz to say more than yes or no.
_RECIPES = {"digits": ({"code": '"regular"', "n_steps": "48"}, 80.0, 1)}
_OTHERS = ({}, 10.0, 4)


def starter(name: str, data: str, boards: tuple[str, ...], effort: str, path: str = "") -> str:
    """Return the text of an experiment file; it is checked before it is returned.

    Parameters
    ----------
    name : str
        Of the experiment; its runs go to ``runs/NAME-SEED``.
    data : str
        One of `DATA`.
    boards : tuple of str
        Names of boards; none builds nothing.
    effort : str
        One of `EFFORTS`.
    path : str
        Where the files of the data set are, if not where they are looked for.
    """
    for what, value, known in (("Data set", data, DATA), ("Effort", effort, EFFORTS)):
        if value not in known:
            raise ValueError(f"{what} must be one of {', '.join(known)}, not {value!r}")
    spent, section = EFFORTS[effort], section_of(data)
    keys, target_hz, n_bins = _RECIPES.get(data, _OTHERS)
    keys = dict(keys) | ({"path": f'"{path}"'} if path else {})
    data_keys = "".join(f"\n{key} = {value}" for key, value in keys.items())
    listed = ", ".join(f'"{board}"' for board in boards)
    bulk = f"\nbulk_samples = {spent.bulk_samples}       # test samples through the compiled design"
    text = f"""\
# Made by `hrsnn init`. Run it with `hrsnn run FILE`; every key left out has a default.
name = "{name}"
seed = 1               # of every draw: the same seed gives the same bytes

[data]                 # {ENTRIES[data].task}; `hrsnn data show {data}` says more
name = "{data}"{data_keys}

[model]
variant = "HeNHeS"     # heterogeneous neurons and STDP; HoNHoS is the homogeneous twin
[model.network]
n_neurons = {spent.n_neurons}
dt = {section.dt_ms!r}               # step of the data [ms]
[model.plasticity]
samples = {spent.samples}          # training samples shown to STDP
[model.rate]
target_hz = {target_hz}       # mean rate that homeostasis brings about
[model.readout]
n_bins = {n_bins}             # spikes are counted in so many parts of a sample

[tune]                 # Bayesian optimisation over the distributions, on validation folds
evaluations = {spent.evaluations}        # 0: the settings above as they are
objective = "accuracy" # or efficiency, spikes, hardware, capacity, lyapunov
network = "float"      # or integer: rounded to the widths below before it is judged

[prune]
method = "lnp"         # or magnitude, uniform, none
sparsity = 0.8         # share of the recurrent synapses that goes

[quantise]
weight_width = 6       # bits: fewer are smaller and coarser
v_width = 16
decay_width = 8
shift_width = 3        # each row of weights has its own power of two
train_integer = false  # also train wholly in integers, for comparison

[verify]               # bit for bit
random_networks = {spent.random_networks}{bulk if spent.bulk_samples else ""}

[build]                # `hrsnn build --help` lists the boards
boards = [{listed}]
lanes = 1              # 2, 4 or 8 are faster and larger
"""
    text = "".join(_aligned(line) for line in text.splitlines(keepends=True))
    load_toml(text, Experiment, name)
    return text


def _aligned(line: str) -> str:
    """Return a line with its comment at a common column."""
    setting, sign, words = line.partition(" # ")
    return f"{setting.rstrip():<22}{sign}{words}" if sign and setting.strip() else line
