"""Memory capacity after pruning at equal synaptic operations, rule by rule, paired by seed.

    python benchmarks/prune_memory.py --seeds 10 --out prune_memory.csv

The recipe in which recurrence carries memory (`memory_recipe`, weight 2): 30 % of the neurons get
the input. Every rule keeps as many recurrent synapses as make the operations of a sample those of
random pruning at ``--sparsity``. The readout is fitted anew. Rules: `scores_of` and `STEP_ONE`, in
which all neurons stay, `ALGORITHMS` (20 rounds of steps I to III), and `activity`, which drops
neurons.

The controls that the shares of the input must beat know as much as they do: ``driven first`` is
magnitude, synapses out of neurons with input into neurons without before all others.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import Reservoir, draw_reservoir, memory_recipe
from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.baselines import keep_largest
from hrsnn_edge.prune.controls import activity_rounds, erdos_renyi
from hrsnn_edge.prune.equal import equal_operations
from hrsnn_edge.prune.nodes import NodeRule
from hrsnn_edge.prune.pruning import prune
from hrsnn_edge.prune.record import LnpConfig
from hrsnn_edge.prune.synapses import effective

#: Samples on which operations are measured for the match, and rates for the rules that want them.
MATCH_SAMPLES = 600
#: Rounds of the whole algorithm.
ROUNDS = 20

LEAK = LnpConfig(node_exponents="leak")
SHARE = replace(
    LEAK,
    edge_value="weight",
    noise="input",
    score="share",
    selection="largest",
    unit="steady",
    leak="membrane",
)
#: Step I alone, one round.
STEP_ONE = {
    "LNP lyapunov": replace(LEAK, edge_value="lyapunov"),
    "LNP weight": replace(LEAK, edge_value="weight"),
    "LNP product": LEAK,
    "LNP product, steady": replace(LEAK, unit="steady"),
    "LNP product, steady, largest": replace(LEAK, unit="steady", selection="largest"),
    "spread of the input, largest": replace(SHARE, score="spread"),
    "share of all noise": replace(SHARE, noise="neurons"),
    "share of the input, drawn": replace(SHARE, selection="draw"),
    "share of the input, in steps": replace(SHARE, unit="step"),
    "share of the input, dominant leak": replace(SHARE, leak="dominant"),
    "share of the input, product": replace(SHARE, edge_value="product"),
    "share of the input, lyapunov": replace(SHARE, edge_value="lyapunov"),
    "share of the input, 5 rounds": replace(SHARE, rounds=5),
    "share of the input": SHARE,
}
#: Steps I to III in rounds: step I, whether neurons go.
ALGORITHMS = {
    "LNP lyapunov, I-III": (replace(LEAK, edge_value="lyapunov"), True),
    "LNP weight, I-III": (replace(LEAK, edge_value="weight"), True),
    "LNP product, I-III": (LEAK, True),
    "share of the input, I-III": (SHARE, True),
}


def main() -> None:
    """Measure all seeds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--neurons", type=int, default=300)
    parser.add_argument("--weight", type=float, default=2.0)
    parser.add_argument("--sparsity", type=float, default=0.9)
    parser.add_argument("--samples", type=int, default=5200)
    parser.add_argument("--train", type=int, default=3000)
    parser.add_argument("--only", nargs="+", help="rules to measure; default all")
    parser.add_argument("--against", nargs="+", default=["magnitude", "magnitude, steady"])
    parser.add_argument("--read", type=Path, nargs="+", help="print the table of these CSV only")
    parser.add_argument("--out", type=Path, help="CSV of every single run")
    args = parser.parse_args()
    if args.read:
        found = [row for path in args.read for row in read_rows(path)]
        rows = list({(row["rule"], row["seed"]): row for row in found}.values())
    else:
        rows = []
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            rows += measure_seed(seed, args)
            print(f"seed {seed}", flush=True)
    if args.out:
        with args.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    print_table(rows, args.against)


def read_rows(path: Path) -> list[dict]:
    """Return the rows of a CSV that this program wrote."""
    with path.open(newline="") as file:
        return [
            row | {k: float(v) for k, v in row.items() if k not in ("rule", "seed")}
            for row in csv.DictReader(file)
        ]


def pruned_to(whole: Reservoir, net, kept=None) -> Reservoir:
    """Return the reservoir with another network, of the neurons `kept`, (N,) bool."""
    kept = np.ones(whole.net.n_neurons, bool) if kept is None else kept
    return replace(
        whole,
        net=net,
        bias=whole.bias[kept],
        w_current=whole.w_current[:, kept],
        decay=whole.decay[:, kept],
    )


def operations(reservoir: Reservoir, x) -> float:
    """Return the recurrent synaptic operations of a sample."""
    return float(reservoir.run(x).counts.mean(axis=0) @ reservoir.net.w_rec.fan_out)


def kick_growth(whole: Reservoir, x, *, n_starts=10, hold=30, size=0.3) -> np.ndarray:
    """Return how much a kick to each neuron's membrane moves all traces `hold` steps on, (N,)."""
    stepwise, growth = replace(whole, hold=1), np.zeros(whole.net.n_neurons)
    state = whole.run(x[:50]).state
    for k in range(n_starts):
        part = np.repeat(x[50 + 5 * k : 50 + 5 * k + 3], hold // 3, axis=0)
        base = stepwise.run(part, state)
        for i in range(growth.size):
            v = state.v.copy()
            v[i] += size
            kicked = stepwise.run(part, replace(state, v=v))
            growth[i] += np.abs(kicked.traces[-1] - base.traces[-1]).sum() / n_starts
        state = base.state
    return growth


def scores_of(whole: Reservoir, x) -> dict[str, np.ndarray]:
    """Return the scores of the rules that keep the largest, (nnz,) each.

    The last four see the network run under its input, but no target.
    """
    rows, net = whole.net.w_rec, whole.net
    pre, post = rows.pre_idx, rows.col_idx
    step, steady = (np.abs(effective(net, "rec", unit).weights) for unit in ("step", "steady"))
    driven = (whole.w_current != 0).any(axis=0)
    run = whole.run(x)
    rate = run.counts.mean(axis=0)
    states = np.cov(run.traces[200:, 0].T)
    variance, sign = np.diag(states), np.sign(rows.weights)
    spread = variance[pre] + variance[post] - 2 * sign * states[pre, post]
    return {
        "magnitude": step,
        "magnitude, steady": steady,
        "driven first": steady * (1 + 1e3 * (driven[pre] & ~driven[post])),
        "magnitude x root of rate": steady * np.sqrt(rate[pre]),
        "magnitude x spread of the states": steady * spread,
        "magnitude^2 x share of the states": steady**2 * variance[pre] / (variance[post] + 1e-9),
        "magnitude x kick growth": steady * kick_growth(whole, x)[pre],
    }


def candidates(whole: Reservoir, x, seed: int) -> dict:
    """Return for each rule the function from a number of synapses to a pruned reservoir."""
    net = whole.net
    power = (whole.w_current**2).sum(axis=0)

    def masked(mask):
        return pruned_to(whole, replace(net, w_rec=net.w_rec.keep(mask)))

    def by_score(scores):
        return lambda count: masked(keep_largest(scores, count, np.random.default_rng(seed)))

    def by_step_one(config):
        def make(count):
            sparsity = 1 - count / net.w_rec.nnz
            pruned, _ = prune(net, "lnp", sparsity, seed, config=config, current=power)
            return pruned_to(whole, pruned)

        return make

    def by_algorithm(config, nodes):
        rule = NodeRule(protect_input=config.noise == "input") if nodes else None

        def make(count):
            sparsity = 1 - max(1, count) / net.w_rec.nnz
            schedule = LnpSchedule(sparsity, ROUNDS, config, rule)
            result = lnp(net, schedule, seed, current=power)
            return pruned_to(whole, result.network, result.kept)

        return make

    def activity(count):
        # Nothing but the readout is trained here, and it is fitted at the end.
        n = net.n_neurons
        goal = max(2, round(count / net.w_rec.nnz * n))
        sizes = np.unique(np.round(n * (goal / n) ** (np.arange(1, ROUNDS + 1) / ROUNDS)))[::-1]

        def rates(pruned, kept):
            return pruned_to(whole, pruned, kept).run(x).counts.mean(axis=0)

        def same(pruned, kept):
            return pruned

        return pruned_to(whole, *activity_rounds(net, sizes.astype(int), rates, same, seed)[-1])

    rng = np.random.default_rng([seed, 2])
    order = rng.random(net.w_rec.nnz)
    return {
        "uniform": by_score(order),
        "Erdos-Renyi": lambda count: pruned_to(whole, erdos_renyi(net, net.n_neurons, count, seed)),
        "activity": activity,
        **{name: by_score(scores) for name, scores in scores_of(whole, x).items()},
        **{name: by_step_one(config) for name, config in STEP_ONE.items()},
        **{name: by_algorithm(*setting) for name, setting in ALGORITHMS.items()},
    }


def measure_seed(seed: int, args) -> list[dict]:
    """Return one row for each rule."""
    recipe = memory_recipe(args.neurons, weight=args.weight)
    whole = draw_reservoir(recipe, 1, seed)
    x = np.random.default_rng([seed, 1]).uniform(-1, 1, (args.samples, 1))
    rest = np.random.default_rng([seed, 3]).uniform(-1, 1, (MATCH_SAMPLES, 1))
    rules, nnz = candidates(whole, rest, seed), whole.net.w_rec.nnz
    uniform = rules["uniform"](round((1 - args.sparsity) * nnz))
    target = operations(uniform, rest)
    found = {"unpruned": whole, "no recurrence": rules["uniform"](0)}
    for name, make in rules.items():
        if args.only is None or name in args.only + args.against:
            found[name], _ = equal_operations(make, lambda r: operations(r, rest), target, nnz // 2)
    return [row_of(name, r, x, seed, args) for name, r in found.items()]


def row_of(name: str, reservoir: Reservoir, x, seed: int, args) -> dict:
    """Return the figures of one pruned network on fresh input."""
    run = reservoir.run(x)
    memory = memory_capacity(run.traces.reshape(len(x), -1), x[:, 0], n_train=args.train, seed=seed)
    return {
        "rule": name,
        "seed": seed,
        "neurons": reservoir.net.n_neurons,
        "synapses": reservoir.net.w_rec.nnz,
        "sop": float(run.counts.mean(axis=0) @ reservoir.net.w_rec.fan_out),
        "rate_hz": float(run.counts.mean() / reservoir.hold * 1000),
        "capacity": memory.above_chance,
    }


def print_table(rows: list[dict], against: list[str]) -> None:
    """Print means and the paired differences to the rules `against`, with standard errors."""
    table = defaultdict(dict)
    for row in rows:
        table[row["rule"]][int(row["seed"])] = row

    def mean(name, key):
        return np.mean([row[key] for row in table[name].values()])

    head = "".join(f" minus {name} (wins) |" for name in against)
    print(f"| rule | neurons | synapses | SOPs a sample | rate Hz | C |{head}")
    print("|---" * (6 + len(against)) + "|")
    for name in sorted(table, key=lambda name: -mean(name, "capacity")):
        cells = [f"{mean(name, key):.0f}" for key in ("neurons", "synapses", "sop")]
        cells.append(f"{mean(name, 'rate_hz'):.1f}")
        c = {seed: row["capacity"] for seed, row in table[name].items()}
        cells.append("{:.2f} +- {:.2f}".format(*spread(list(c.values()))))
        for other in against:
            d = [c[s] - row["capacity"] for s, row in table[other].items() if s in c]
            average, sd = spread(d)
            error, wins = sd / np.sqrt(len(d)), sum(x > 0 for x in d)
            cells.append(
                "-" if other == name else f"{average:+.2f} +- {error:.2f} ({wins}/{len(d)})"
            )
        print(f"| {name} | " + " | ".join(cells) + " |")


def spread(values: list[float]) -> tuple[float, float]:
    """Return mean and standard deviation with n - 1, which is 0 for a single value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
