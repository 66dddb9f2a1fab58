"""CPU time of one STDP pass over the training clips of FSDD, N = 1,000: in floats and in integers.

    python benchmarks/stdp_pass.py [CLIPS]

The networks are those of `experiments/fsdd-1000.toml` at their calibrated rate; the published
split has 2,250 training clips, which are all shown by default.
"""

import sys
import time
from pathlib import Path

from hrsnn_edge.engine.int_learn import learn
from hrsnn_edge.flow.experiment import load_experiment
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.rate import calibrate_rate
from hrsnn_edge.model.stdp import draw_stdp, run_stdp
from hrsnn_edge.quantise.learning import round_learner

EXPERIMENT = Path(__file__).resolve().parents[1] / "experiments" / "fsdd-1000.toml"
#: Clips on which the rate is calibrated, and those shown once to compile.
FEW, COMPILE = 40, 1


def main(clips: int | None) -> None:
    """Print a line for each form."""
    experiment = load_experiment(EXPERIMENT)
    events = experiment.data.load(experiment.seed).train.events
    config = experiment.model.config()
    drawn = build_network(config.network, events.n_inputs, 0)
    net = calibrate_rate(drawn, events.select(range(FEW)), config.rate.target_hz)
    shown = events.select(range(clips or len(events)))
    stdp = draw_stdp(config.plasticity, net, 0)
    learner = round_learner(net, stdp, experiment.quantise.format())
    passes = {
        "float": lambda batch: run_stdp(net, stdp, batch)[1].sum(),
        "integer": lambda batch: (
            learn(
                learner.net, learner.stdp, batch, learner.magnitudes, keep_sums=learner.magnitudes
            ).total.spikes
        ),
    }
    steps = int(shown.n_steps.sum())
    synapses = net.w_in.nnz + net.w_rec.nnz
    print(f"{len(shown)} clips, {steps} steps, {net.n_neurons} neurons, {synapses} synapses")
    for name, run in passes.items():
        run(shown.select(range(COMPILE)))
        start = time.process_time()
        spikes = run(shown)
        seconds = time.process_time() - start
        print(f"{name}: {seconds:.1f} CPU s, {1000 * spikes / steps / net.n_neurons:.1f} Hz")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
