"""A synthetic record for the tests: plausible numbers from a seed, with no run behind them."""

import numpy as np

from hrsnn_edge.network import Counts
from hrsnn_edge.report.record import (
    Accuracy,
    BoardResult,
    Change,
    Cycles,
    DataInfo,
    Divergence,
    Example,
    Manifest,
    NetworkInfo,
    Prune,
    PruneRound,
    Quantise,
    RunRecord,
    Tune,
    TunePoint,
    Use,
    Verdict,
    Work,
)
from hrsnn_edge.report.traces import NetworkArrays, RunTraces

N, K, T, CLASSES = 256, 64, 60, 10


def demo_record(**changes) -> RunRecord:
    """Return a full record; `changes` replace sections."""
    rng = np.random.default_rng(7)
    scores = 0.94 + 0.02 * rng.random(16) - np.linspace(0.02, 0, 16) * rng.random(16)
    quantities = ("spikes", "membranes", "readout", "counters")
    sections = {
        "name": "Handwritten digits",
        "command": "hrsnn run experiments/digits.toml --seed 7",
        "seed": 7,
        "created": "2026-01-02T03:04:05Z",
        "manifest": Manifest(
            commit="0123456789abcdef0123456789abcdef01234567",
            python="3.11.2",
            platform="Linux x86_64, 2 cores",
            packages={"numpy": "2.4.6", "numba": "0.68.1", "scikit-learn": "1.9.1"},
            tools={"yosys": "0.70", "nextpnr-ecp5": "0.11", "cxxrtl": "0.70"},
            inputs={"experiments/digits.toml": "ab" * 32},
            outputs={"digits.hrsnn": "cd" * 32, "ulx3s.bit": "ef" * 32},
        ),
        "data": DataInfo(
            name="digits",
            classes=tuple(str(c) for c in range(CLASSES)),
            n_train=1077,
            n_validation=360,
            n_test=360,
            n_inputs=K,
            n_steps=T,
            encoder="rate, at most 0.4 spikes a step",
            dt_ms=1.0,
        ),
        "network": NetworkInfo(
            n_neurons=N, n_excitatory=205, variant="HeNHeS", readout="ridge on counts of 4 bins"
        ),
        "accuracy": Accuracy(
            test=dict(
                zip(
                    ("baseline", "encoder", "float", "pruned", "integer", "integer_trained"),
                    (0.964, 0.947, 0.975, 0.972, 0.9694, 0.9583),
                    strict=True,
                )
            ),
            sd={"float": 0.006, "pruned": 0.007, "integer": 0.0065},
            n_seeds=5,
        ),
        "tune": Tune(
            parameters=("tau_E mean [ms]", "tau_E CV", "threshold mean", "input scale"),
            history=tuple(
                TunePoint(values=tuple(rng.random(4) * 20), score=score) for score in scores
            ),
            metric="validation accuracy",
        ),
        "prune": Prune(
            method="LNP step I",
            edge_value="Lyapunov weight",
            target_sparsity=0.8,
            synapses={
                "R→R": Change(before=6553, after=1311),
                "I→R": Change(before=4915, after=4915),
            },
            neurons=Change(before=256, after=256),
            lambda_1=Change(before=0.0123, after=-0.0412),
            eps=0.18,
            rounds=tuple(
                PruneRound(synapses=n, lambda_1=-0.02 - 0.003 * k, neurons=256, eps=0.02 * k)
                for k, n in enumerate((5200, 4100, 3260, 2590, 2050, 1630, 1311))
            ),
        ),
        "quantise": Quantise(
            formats={"weight_width": 6, "v_width": 16, "decay_width": 8, "sum_width": 12},
            errors={
                "excitatory": {"weight, rms": 0.0123, "decay, max": 0.0019},
                "inhibitory": {"weight, rms": 0.0141, "decay, max": 0.0020},
            },
            warnings=("3 of 256 neurons are silent on the calibration samples.",),
        ),
        "verdicts": {
            "engine": Verdict(networks=20, steps=2000, mismatches=0, compared=quantities),
            "cosim": Verdict(
                networks=20,
                steps=1200,
                mismatches=0,
                simulator="CXXRTL",
                compared=quantities,
                seeds=tuple(range(20)),
            ),
            "bulk": Verdict(
                networks=1, steps=21600, mismatches=0, simulator="CXXRTL", compared=quantities
            ),
        },
        "work": Work(
            n_inferences=360,
            unpruned=Counts(172_800, 360_000, 3_317_760, 9_216_000, 3_600_000, 5_529_600, 700),
            pruned=Counts(172_800, 334_800, 3_317_760, 1_714_176, 3_348_000, 5_529_600, 6_100),
        ),
        "cycles": Cycles(per_sop=1.392, per_inference=19_456.0, per_step=324.3),
        "boards": {
            "ULX3S-85F": BoardResult(
                fits=True,
                device="LFE5U-85F-6",
                fmax_mhz=118.4,
                clock_mhz=25.0,
                utilisation={
                    "TRELLIS_COMB": Use(used=1893, available=83640),
                    "TRELLIS_FF": Use(used=1320, available=83640),
                    "DP16KD": Use(used=31, available=208),
                    "MULT18X18D": Use(used=2, available=156),
                },
                bitstream="digits-ulx3s.bit",
                sha256="ef" * 32,
                latency_us=778.2,
                lanes=1,
            ),
            "iCEBreaker": BoardResult(
                fits=True,
                device="iCE40UP5K-SG48",
                fmax_mhz=31.2,
                clock_mhz=24.0,
                utilisation={
                    "ICESTORM_LC": Use(used=2310, available=5280),
                    "ICESTORM_RAM": Use(used=27, available=30),
                    "ICESTORM_SPRAM": Use(used=2, available=4),
                    "ICESTORM_DSP": Use(used=2, available=8),
                },
                bitstream="digits-icebreaker.bin",
                sha256="12" * 32,
                latency_us=810.7,
                lanes=1,
            ),
        },
        "timings_s": {"data": 0.2, "tune": 64.0, "train": 11.3, "prune": 0.9, "cosim": 21.0},
        "example": Example(sample=12, label="3", predicted="3"),
    }
    return RunRecord(**(sections | changes))


def failed_record() -> RunRecord:
    """Return a record of a run that went wrong: a divergence, and a board that is too small."""
    divergence = Divergence(
        step=41, neuron=7, quantity="v", expected=511, got=512, waveform="build/first.vcd"
    )
    return demo_record(
        verdicts={
            "cosim": Verdict(networks=3, steps=90, mismatches=2, first_divergence=divergence)
        },
        boards={
            "iCEBreaker": BoardResult(
                fits=False,
                utilisation={"ICESTORM_LC": Use(used=9000, available=5280)},
                remedy="Prune to 40 % density or use 4-bit weights.",
            )
        },
    )


def _networks(rng) -> dict[str, NetworkArrays]:
    """Return the arrays of a float network, its pruned and its integer form."""
    full = NetworkArrays(
        w_in=rng.gamma(4, 0.2, 4915),
        w_exc=rng.gamma(3, 0.15, 5200),
        w_inh=-rng.gamma(3, 0.3, 1353),
        tau_exc=rng.gamma(6, 3, 205),
        tau_inh=rng.gamma(5, 2, 51),
        threshold=rng.normal(1, 0.1, N),
    )
    pruned = NetworkArrays(w_in=full.w_in, w_exc=full.w_exc[::5] * 1.4, w_inh=full.w_inh[::5] * 1.4)
    whole = NetworkArrays(
        w_in=np.minimum(rng.poisson(9, 4915), 31).astype(np.int32),
        w_exc=np.minimum(rng.poisson(12, 1040), 31).astype(np.int32),
        w_inh=-np.minimum(rng.poisson(14, 271), 32).astype(np.int32),
        tau_exc=full.tau_exc * rng.normal(1, 0.01, 205),
        tau_inh=full.tau_inh * rng.normal(1, 0.01, 51),
        threshold=(full.threshold * 900).astype(np.int32),
    )
    return {"float": full, "pruned": pruned, "integer": whole}


def demo_traces() -> RunTraces:
    """Return arrays for every plot."""
    rng = np.random.default_rng(7)
    drive = np.abs(np.sin(np.arange(T) / 9))[:, None]
    recurrent = rng.random((T, N)) < 0.12 * drive * rng.gamma(2, 0.5, N)
    picked = np.array([3, 90, 220])
    threshold = np.array([870, 944, 901])
    v = np.zeros((T, 3), np.int32)
    for t in range(1, T):
        step = rng.integers(-40, 260, 3)
        v[t] = np.where(recurrent[t, picked], 0, np.minimum(v[t - 1] * 0.9 + step, threshold - 1))
    confusion = np.diag(rng.integers(32, 37, CLASSES))
    np.add.at(confusion, (rng.integers(0, 10, 11), rng.integers(0, 10, 11)), 1)
    rates = rng.gamma(2, 0.02, N)
    pre = np.sort(rng.integers(0, N, 1311))
    return RunTraces(
        input_raster=rng.random((T, K)) < rng.random(K) * 0.3,
        recurrent_raster=recurrent,
        membranes=v,
        membrane_neurons=picked,
        membrane_thresholds=threshold,
        inhibitory=np.arange(N) >= 205,
        confusion=confusion,
        rates_float=rates,
        rates_integer=np.maximum(0, rates + rng.normal(0, 0.002, N)),
        networks=_networks(rng),
        lyapunov_float=-0.01 - 0.002 * np.arange(12),
        lyapunov_pruned=-0.03 - 0.001 * np.arange(12),
        graph_pre=pre,
        graph_post=rng.integers(0, N, 1311),
        graph_cluster=np.arange(N) // 52,
    )
