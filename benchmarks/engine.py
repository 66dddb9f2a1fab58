"""Workload W1: the integer engine before and after Brian2 C++ standalone in one run.

    python benchmarks/engine.py [NEURONS ...]

Prints milliseconds of CPU per 1,000 steps on one thread, SOPs a second and the ratio. Both run the
same network rounded to 8-bit weights; its spikes stand beside those of the unrounded network.
"""

import sys

from hrsnn_edge.flow.workload import WEIGHTS, bench_engine


def main(sizes: list[int]) -> None:
    """Print a line a size."""
    print("neurons  engine before/after [ms]  SOP/s     peer [ms]  ratio  spikes: exact ours peer")
    for n in sizes:
        f = bench_engine(n, with_peers=True)
        print(
            f"{n:7}  {f['ms_before']:10.2f} / {f['ms_after']:<11.2f}  {f['sop_per_s']:.3g}  "
            f"{f['peer_ms_per_1000_steps']:9.2f}  {f['ratio']:5.2f}  "
            f"{f['spikes_exact']} {f['spikes']} {f['peer_spikes']}  ({f['peer']})"
        )


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or sorted(WEIGHTS))
