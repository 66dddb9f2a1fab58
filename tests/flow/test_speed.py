"""The speed comparison: what peers get, how a peer is run, and what the table says."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import ToolMissingError
from hrsnn_edge.flow import peers, speed
from hrsnn_edge.flow.ceiling import ceilings, thread_ceiling, wall_s
from hrsnn_edge.flow.peers import Peer, run_peer
from hrsnn_edge.flow.workload import Workload, draw_network, peer_arrays
from hrsnn_edge.network import IntFormat
from hrsnn_edge.plastic import initial_magnitudes
from hrsnn_edge.reference.random import random_network, random_stdp


def small(name="W2", n=24):
    """Return a small workload of random constants."""
    net, raster = random_network(11, n, 9, 30, fmt=IntFormat(), density=0.3)
    net, stdp = random_stdp(11, net)  # both projections learn
    # A decay of 0 has no time constant; the workloads have none.
    net = replace(net, decay=np.maximum(net.decay, 1))
    decays = {name: np.maximum(getattr(stdp, name), 1) for name in ("decay_plus", "decay_minus")}
    stdp = replace(stdp, **decays)
    events = EventBatch.from_rasters([raster])
    if name == "W1":
        return Workload("W1", None, net, events)
    return Workload("W2", None, net, events, stdp, initial_magnitudes(net, stdp))


def test_peers_get_the_rounded_network():
    """Weights times the target's threshold are the integer ones with their shifts."""
    work = small("W1")
    net, arrays = work.network, peer_arrays(work)
    assert "in_taup" not in arrays
    for name, rows, shift in (("in", net.w_in, net.shift_in), ("rec", net.w_rec, net.shift_rec)):
        wanted = rows.weights << (shift[rows.pre_idx] + net.fmt.v_shift)
        found = arrays[f"{name}_w"] * net.v_threshold[arrays[f"{name}_post"]]
        assert np.allclose(found, wanted)
    assert np.allclose(np.exp(-1 / arrays["tau"]) * 2**net.fmt.decay_width, net.decay)


def test_peers_get_the_constants_of_each_synapse():
    """One pair of spikes changes a peer's magnitude as it changes ours, rounding aside."""
    work = small()
    net, stdp, arrays = work.network, work.stdp, peer_arrays(work)
    for name, rows, shift, first in (
        ("in", net.w_in, net.shift_in, 0),
        ("rec", net.w_rec, net.shift_rec, net.n_inputs),
    ):
        pre, post = rows.pre_idx, rows.col_idx
        step = 2.0 ** (shift[pre] + net.fmt.v_shift - stdp.learn_shift) / net.v_threshold[post]
        up = stdp.eta_plus[first + pre] * stdp.trace_step / 2**stdp.eta_shift
        down = stdp.eta_minus[post] * stdp.trace_step / 2**stdp.eta_shift
        some = stdp.eta_plus[first + pre] > 0
        assert np.allclose((arrays[f"{name}_etap"] / step)[some], up[some])
        assert np.allclose(arrays[f"{name}_etam"] / step, down)
        assert np.allclose(arrays[f"{name}_wmax"] / step, stdp.magnitude_max[first + pre])


def test_only_the_sizes_of_the_workload():
    """Other sizes have no weights and are refused."""
    with pytest.raises(ValueError, match=r"must be one of \[2000, 5000\], not 100"):
        draw_network(100)


def test_a_peer_is_run(tmp_path, monkeypatch):
    """A peer's script gets the arrays and its options, and its last line is the result."""
    script = tmp_path / "benchmarks" / "peer.py"
    script.parent.mkdir()
    script.write_text(
        "import json, sys, os\nprint('words')\n"
        "print(json.dumps({'option': sys.argv[3], 'there': os.path.exists(sys.argv[1])}))\n"
    )
    monkeypatch.setattr(peers, "ROOT", tmp_path)
    peer = Peer("a peer", "peer.py", (), "a", ("fast",), workloads=("W1",), cannot="cannot learn")
    folder = tmp_path / "build" / "bench-env-a"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(peers.sys.executable)
    (folder / "packages.txt").write_text("")
    monkeypatch.setattr(peers.shutil, "which", lambda name: name)
    assert run_peer(peer, small("W1")) == {"option": "fast", "there": True}
    with pytest.raises(ToolMissingError, match="a peer cannot learn"):
        run_peer(peer, small("W2"))
    monkeypatch.setattr(peers.shutil, "which", lambda name: None)
    with pytest.raises(ToolMissingError, match=r"g\+\+ must be installed to build a peer"):
        run_peer(peer, small("W1"))


def test_table_names_the_missing_and_the_fastest(monkeypatch):
    """The ratio is that of the fastest peer, and one that is missing is named with its reason."""
    work = small()
    monkeypatch.setattr(speed, "BUILDERS", {"W2": lambda n: work})
    answers = {"slow": 1e9, "fast": 1e6}
    names = ("slow", "gone", "fast")
    some = [Peer(n, "x", (), "x") for n in names]

    def run(peer, _work):
        if peer.name == "gone":
            raise ToolMissingError("no package\nsecond line")
        found = {"ms": answers[peer.name], "spikes": 3, "build_s": 1.0, "peak_mb": 9.0}
        return {"name": peer.name} | found

    monkeypatch.setattr(speed, "run_peer", run)
    found = speed.bench_engine(["W2"], [24], some, lambda _: None)
    row = found["engine"][0]
    by_name = {p["name"]: p for p in row["peers"]}
    assert row["ratio"] == by_name["fast"]["ratio"] == 1e6 / by_name["fast"]["ours_ms"]
    assert row["spikes"] > 0 and len(row["ms_each"]) == 3
    assert row["share_of_ceiling"] > 0
    json.dumps(found)
    rows = speed.speed_rows(found)
    assert {len(line) for line in rows} == {len(rows[0])}
    assert rows[3][2] == "not run: no package"


def test_two_threads_stand_beside_what_the_machine_gives():
    """The row of two threads has the speed over one, and its share of bare arithmetic's."""
    row = {
        "workload": "W1", "neurons": 24, "ms_per_1000_steps": 1.0, "spikes": 1, "sop_per_s": 1e9,
        "share_of_ceiling": 0.5, "peak_mb": 1.0, "peers": [],
        "thread_speedup": 1.5, "thread_ceiling": 2.0,
    }  # fmt: skip
    last = speed.speed_rows({"engine": [row]})[-1]
    assert last[4] == "1.50" and last[7] == "75"
    assert thread_ceiling(1000, 2) > 0


def test_the_least_time_of_each_call_counts(monkeypatch):
    """Calls take turns: a slow second round of one does not touch the other."""
    clock = iter([0.0, 1.0, 1.0, 5.0, 5.0, 8.0, 8.0, 10.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    order = []
    assert wall_s([lambda: order.append("a"), lambda: order.append("b")], 2) == [1.0, 2.0]
    assert order == ["a", "b", "a", "b"]


def test_ceilings_are_of_the_workload():
    """Inference has sparse and dense rows, learning plastic ones."""
    assert set(ceilings(small("W1"), 1000, 1)) == {"sparse_rows", "dense_rows"}
    assert set(ceilings(small("W2"), 1000, 1)) == {"plastic_rows"}


def test_peers_by_name():
    """The beginning of a name chooses peers; one that nobody has is refused."""
    assert [p.options for p in speed.chosen_peers(["Brian2"])] == [("float32",), ("float64",)]
    assert speed.chosen_peers([]) == []
    with pytest.raises(ValueError, match=r"beginning of one of Brian2.*; not Lava"):
        speed.chosen_peers(["NEST", "Lava"])
