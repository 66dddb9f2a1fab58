"""The settings of a float network and its fit, checked on construction.

Distributions are given by mean and coefficient of variation (CV), which is what the tuner
searches. `neurons` and `synapses` switch heterogeneity off without touching a mean, so the four
variants HoNHoS, HeNHoS, HoNHeS and HeNHeS are matched by construction; HoNB and HeNB learn by
backpropagation instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from hrsnn_edge.data.augment import AugmentConfig
from hrsnn_edge.network import RESETS


@dataclass(frozen=True)
class NetworkConfig:
    """What is drawn before anything is trained.

    Attributes
    ----------
    n_neurons : int
        Recurrent neurons, N.
    inhibitory_share : float
        Share of inhibitory neurons.
    neurons : str
        ``'het'`` draws `tau`, threshold and refractory period per neuron, ``'hom'`` gives every
        neuron of a type the mean.
    wiring : str
        ``'distance'``, eq. (2) on a 3-D grid, or ``'small_world'``, a rewired ring.
    wiring_length : float
        Length of eq. (2), in grid units.
    p_ee, p_ei, p_ie, p_ii : float
        Amplitudes of eq. (2); the first letter is the type of the source.
    ring_density, ring_rewired : float
        Of the small world: connected share, and share of those rewired at random.
    clusters : int
        Equal clusters of a clustered network (CHRSNN), each wired by itself; 1 for none.
    cluster_link : float
        Density between clusters over that within.
    cluster_tau : (float, float)
        Mean excitatory time constants of the first and the last cluster [ms], log-spaced between;
        inhibitory ones keep the ratio of `tau_i_mean` to `tau_e_mean`. With homogeneous neurons
        all clusters have the means of the network.
    input_share : float
        Share of neurons that receive input (1: all; 0.3 in the papers).
    input_fan_in : float
        Mean number of input channels of a neuron that receives.
    input_weight, weight_e, weight_i : float
        Mean weight; magnitude for inhibitory. `input_weight` is the start of the calibration.
    weight_shape : float
        Shape of the Gamma distribution of all initial weights.
    recurrent_scale : float
        Factor on `weight_e` and `weight_i`; 0 leaves the recurrent layer unconnected.
    tau_e_mean, tau_i_mean, tau_e_cv, tau_i_cv : float
        Membrane time constants [ms], Gamma; the mean holds after clipping to `tau_range`.
    tau_range : (float, float)
        Clip of the time constants [ms].
    tau_syn_mean, tau_syn_cv : float
        Synaptic time constants of all neurons [ms], Gamma; a mean of 0 gives delta synapses.
    tau_syn_range : (float, float)
        Clip of the synaptic time constants [ms].
    threshold_mean, threshold_cv : float
        Thresholds.
    threshold_law : str
        ``'uniform'`` or ``'normal'``.
    refractory_mean, refractory_spread : int
        Refractory steps; drawn evenly from mean minus spread to mean plus spread.
    dt : float
        Step [ms].
    gain_mode : str
        ``'jump'`` or ``'leaky'``, see `FloatNetwork`.
    reset : str
        ``'hard'`` or ``'subtract'``, see `FloatNetwork`.
    floor : float
        Lowest membrane potential, at most 0; ``-inf`` for none.
    floor_unit : str
        ``'threshold'``: `floor` counts in units of each neuron's own threshold, which is what a
        saturating integer membrane does; ``'one'``: the same value for all.
    """

    n_neurons: int = 200
    inhibitory_share: float = 0.2
    neurons: str = "het"
    wiring: str = "distance"
    wiring_length: float = 3.0
    p_ee: float = 0.2
    p_ei: float = 0.1
    p_ie: float = 0.3
    p_ii: float = 0.05
    ring_density: float = 0.05
    ring_rewired: float = 0.1
    clusters: int = 1
    cluster_link: float = 0.1
    cluster_tau: tuple[float, float] = (5.0, 80.0)
    input_share: float = 1.0
    input_fan_in: float = 4.0
    input_weight: float = 0.5
    weight_e: float = 0.05
    weight_i: float = 0.8
    weight_shape: float = 2.0
    recurrent_scale: float = 1.0
    tau_e_mean: float = 30.0
    tau_i_mean: float = 15.0
    tau_e_cv: float = 3**-0.5
    tau_i_cv: float = 3**-0.5
    tau_range: tuple[float, float] = (2.0, 200.0)
    tau_syn_mean: float = 0.0
    tau_syn_cv: float = 3**-0.5
    tau_syn_range: tuple[float, float] = (0.5, 100.0)
    threshold_mean: float = 1.0
    threshold_cv: float = 12**-0.5
    threshold_law: str = "uniform"
    refractory_mean: int = 2
    refractory_spread: int = 1
    dt: float = 1.0
    gain_mode: str = "jump"
    reset: str = "hard"
    floor: float = -2.0
    floor_unit: str = "threshold"

    def __post_init__(self):
        """Check the ranges."""
        _check_words(
            self,
            neurons=("het", "hom"),
            wiring=("distance", "small_world"),
            threshold_law=("uniform", "normal"),
            gain_mode=("jump", "leaky"),
            reset=RESETS,
            floor_unit=("threshold", "one"),
        )
        _check_bounds(
            self,
            n_neurons=(2, None),
            inhibitory_share=(0, 1),
            wiring_length=(0, None),
            p_ee=(0, 1),
            p_ei=(0, 1),
            p_ie=(0, 1),
            p_ii=(0, 1),
            ring_density=(0, 1),
            ring_rewired=(0, 1),
            clusters=(1, self.n_neurons // 2),
            cluster_link=(0, 1),
            input_share=(0, 1),
            input_fan_in=(0, None),
            input_weight=(0, None),
            weight_e=(0, None),
            weight_i=(0, None),
            weight_shape=(0, None),
            recurrent_scale=(0, None),
            tau_e_mean=(0, None),
            tau_i_mean=(0, None),
            tau_e_cv=(0, None),
            tau_i_cv=(0, None),
            tau_syn_mean=(0, None),
            tau_syn_cv=(0, None),
            threshold_mean=(0, None),
            threshold_cv=(0, None),
            refractory_mean=(0, None),
            refractory_spread=(0, self.refractory_mean),
            dt=(0, None),
            floor=(None, 0),
        )


@dataclass(frozen=True)
class PlasticityConfig:
    """Trace STDP without labels.

    Attributes
    ----------
    synapses : str
        ``'het'`` draws time constants and rates, ``'hom'`` gives all the mean, ``'off'`` learns
        nothing.
    carrier : str
        Whose the constants are: ``'neuron'`` (source: plus; target: minus; what the integer
        contract computes) or ``'synapse'`` (a codebook of `codebook_rows` values, one index per
        synapse).
    plastic_in, plastic_rec : bool
        Which projections learn.
    eta : float
        Potentiation per unit of trace, as a share of the greatest weight of the source's kind.
    eta_ratio : float
        Depression over potentiation.
    eta_cv, tau_cv : float
        Gamma spread of both etas and of both time constants.
    tau_plus, tau_minus : float
        Mean time constants [ms].
    tau_range : (float, float)
        Clip of the time constants [ms].
    weight_max : float
        Greatest weight over the mean initial weight of its kind (input, excitatory, inhibitory).
    samples : int
        Training samples shown, drawn without repeats within an epoch.
    eta_decay, eta_decay_every : float, int
        Factor on eta after each so many samples.
    normalise : bool
        Keep the incoming sum of each kind of each neuron at its initial value.
    codebook_rows : int
        Rows of the codebook of ``carrier='synapse'``.
    """

    synapses: str = "het"
    carrier: str = "neuron"
    plastic_in: bool = True
    plastic_rec: bool = True
    eta: float = 3e-4
    eta_ratio: float = 1.05
    eta_cv: float = 0.5
    tau_cv: float = 3**-0.5
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    tau_range: tuple[float, float] = (1.0, 100.0)
    weight_max: float = 3.0
    samples: int = 1000
    eta_decay: float = 0.99
    eta_decay_every: int = 50
    normalise: bool = True
    codebook_rows: int = 8

    def __post_init__(self):
        """Check the ranges."""
        _check_words(self, synapses=("het", "hom", "off"), carrier=("neuron", "synapse"))
        _check_bounds(
            self, eta=(0, None), eta_ratio=(0, None), eta_cv=(0, None), tau_cv=(0, None),
            tau_plus=(0, None), tau_minus=(0, None), weight_max=(0, None), samples=(0, None),
            eta_decay=(0, 1), eta_decay_every=(1, None), codebook_rows=(2, None),
        )  # fmt: skip


#: Mean rates outside say nothing: the network is silent or saturated [Hz].
RATE_RANGE_HZ = (0.1, 200.0)


@dataclass(frozen=True)
class RateConfig:
    """How the firing rate is brought into its range.

    Attributes
    ----------
    target_hz : float or None
        Mean rate; None leaves the weights as drawn.
    input_scale : float
        Factor on the calibrated input weights; the thresholds then restore the rate, so it sets
        input against recurrence.
    calibration_samples : int
        Training samples used for calibration and homeostasis.
    homeostasis_rounds : int
        Rounds of threshold adaptation before STDP and again after it; 0 for none.
    homeostasis_limits : (float, float)
        Range of a threshold relative to its start.
    """

    target_hz: float | None = 10.0
    input_scale: float = 1.0
    calibration_samples: int = 112
    homeostasis_rounds: int = 15
    homeostasis_limits: tuple[float, float] = (0.1, 20.0)

    def __post_init__(self):
        """Check the ranges."""
        _check_bounds(
            self, input_scale=(0, None), calibration_samples=(1, None), homeostasis_rounds=(0, None)
        )


@dataclass(frozen=True)
class ReadoutConfig:
    """The supervised part.

    Attributes
    ----------
    kind : str
        ``'logistic'`` (multinomial, L2), ``'ridge'``, or ``'mlp'``: a perceptron of the most
        central neurons.
    n_bins : int
        Equal parts of a run that are counted apart.
    strength : float
        Logistic and mlp: scikit-learn's C after scaling. Ridge: 1 / lambda per sample.
    read_share : float
        Mlp: share of the neurons that it reads, those of greatest betweenness centrality; its first
        hidden layer has as many units.
    units : int
        Mlp: units of its second hidden layer.
    reads_input : bool
        Whether the encoder's events are read too, by a relay neuron a channel; see `with_relays`.
    """

    kind: str = "logistic"
    n_bins: int = 4
    strength: float = 0.3
    read_share: float = 0.1
    units: int = 20
    reads_input: bool = False

    def __post_init__(self):
        """Check the ranges."""
        _check_words(self, kind=("logistic", "ridge", "mlp"))
        _check_bounds(
            self, n_bins=(1, None), strength=(0, None), read_share=(0, 1), units=(1, None)
        )
        if self.reads_input and self.kind == "mlp":
            raise ValueError("reads_input must be false with an mlp, which reads central neurons")


@dataclass(frozen=True)
class BackpropConfig:
    """Training by surrogate gradients in place of STDP.

    Heterogeneous neurons learn their time constants and thresholds too.

    Attributes
    ----------
    epochs : int
        Passes over the samples; 0 for no backpropagation.
    batch : int
        Samples of a step.
    learning_rate : float
        Greatest of Adam's one-cycle schedule; weights are in units of their target's threshold.
    slope : float
        Of the surrogate ``1 / (1 + slope |u|)**2``, u in thresholds.
    dropout : float
        Share of the readout's features that is dropped in training.
    rate_weight : float
        Of the squared relative error of the mean rate, added to the cross entropy.
    """

    epochs: int = 0
    batch: int = 64
    learning_rate: float = 0.005
    slope: float = 10.0
    dropout: float = 0.2
    rate_weight: float = 0.1

    def __post_init__(self):
        """Check the ranges."""
        _check_bounds(
            self, epochs=(0, None), batch=(1, None), learning_rate=(0, None), slope=(0, None),
            dropout=(0, 0.95), rate_weight=(0, None),
        )  # fmt: skip


#: Passes of a variant with backpropagation whose settings ask for none.
DEFAULT_EPOCHS = 20


@dataclass(frozen=True)
class ModelConfig:
    """All settings of one trained network."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    plasticity: PlasticityConfig = field(default_factory=PlasticityConfig)
    rate: RateConfig = field(default_factory=RateConfig)
    readout: ReadoutConfig = field(default_factory=ReadoutConfig)
    backprop: BackpropConfig = field(default_factory=BackpropConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def variant(self, name: str) -> ModelConfig:
        """Return the same settings as one of HoNHoS, HeNHoS, HoNHeS, HeNHeS, HoNB, HeNB."""
        kinds = {"Ho": "hom", "He": "het"}
        neurons, synapses = name[:2], name[3:]
        if name not in VARIANTS:
            raise ValueError(f"Variant must be one of {', '.join(VARIANTS)}, not {name!r}")
        by_backprop = synapses == "B"
        epochs = (self.backprop.epochs or DEFAULT_EPOCHS) if by_backprop else 0
        learning = "off" if by_backprop else kinds[synapses[:2]]
        return replace(
            self,
            network=replace(self.network, neurons=kinds[neurons]),
            plasticity=replace(self.plasticity, synapses=learning),
            backprop=replace(self.backprop, epochs=epochs),
        )

    def with_values(self, values: dict) -> ModelConfig:
        """Return a copy with fields replaced by dotted name, as ``{'network.tau_e_mean': 20.0}``.

        Raises
        ------
        ValueError
            When a name is not a field.
        """
        parts = {f.name: {} for f in fields(self)}
        for name, value in values.items():
            part, _, leaf = name.partition(".")
            known = part in parts and leaf in {f.name for f in fields(getattr(self, part))}
            if not known:
                raise ValueError(f"Setting must be a field of the model, not {name!r}")
            parts[part][leaf] = value
        return replace(
            self, **{p: replace(getattr(self, p), **new) for p, new in parts.items() if new}
        )


#: Homogeneous and heterogeneous neurons (N) with homogeneous and heterogeneous STDP (S) or with
#: backpropagation (B).
VARIANTS = ("HoNHoS", "HeNHoS", "HoNHeS", "HeNHeS", "HoNB", "HeNB")


def _check_words(config, **allowed) -> None:
    """Raise `ValueError` for a field that is none of the allowed words."""
    for name, words in allowed.items():
        value = getattr(config, name)
        if value not in words:
            listed = ", ".join(repr(w) for w in words)
            raise ValueError(f"{name} must be one of {listed}, not {value!r}")


def _check_bounds(config, **bounds) -> None:
    """Raise `ValueError` for a field outside its inclusive bounds; None is open."""
    for name, (low, high) in bounds.items():
        value = getattr(config, name)
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            span = (
                f"at least {low}"
                if high is None
                else (f"at most {high}" if low is None else f"between {low} and {high}")
            )
            raise ValueError(f"{name} must be {span}, not {value!r}")
