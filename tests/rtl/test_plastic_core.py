"""A core that learns equals the reference: weights after every step, spikes, counts of updates."""

import dataclasses

import numpy as np
import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.flush import UPDATE_ROWS
from hrsnn_rtl.interfaces import CommandKind, Select
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntFormat, IntNetwork, IntStdp
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_edge.reference.random import random_network, random_stdp
from tests.rtl.harness import Bench, Pauses, check_sample
from tests.rtl.test_core import plain_network, rows_of
from tests.strategies import seeds

FMT = IntFormat(v_width=12, shift_width=1, v_shift=1, weight_width=5)


def learning_case(seed: int, *, n_steps: int = 20, **fixed):
    """Return a network of 10 neurons that learns, and a raster for it."""
    net, raster = random_network(
        seed, 10, 5, n_steps, fmt=FMT, n_out=2, n_bins=1, has_reset=True, density=0.4
    )
    return *random_stdp(seed, net, **fixed), raster


def core_for(net: IntNetwork, stdp: IntStdp, n_steps: int, *, history: int = 8, **options):
    """Return the core of a network that learns."""
    return CoreConfig.for_network(net, n_steps=n_steps, stdp=stdp, history=history, **options)


async def give_step(bench: Bench, events) -> int:
    """Give the events of a step and the step; return the weight updates."""
    updates = 0
    for k in np.flatnonzero(events):
        updates += await bench.command(CommandKind.EVENT, int(k))
    return updates + await bench.command(CommandKind.STEP, 0)


def check_magnitudes(got, want, step) -> None:
    """Assert that two sets of magnitudes are equal; says where they first differ."""
    for name in ("w_in", "w_rec"):
        left, right = getattr(got, name), getattr(want, name)
        wrong = np.flatnonzero(left != right)
        assert not wrong.size, (
            f"step {step}, {name}, synapse {wrong[0]}: {left[wrong[0]]} != {right[wrong[0]]} "
            f"(reference), first of {wrong.size}"
        )


@settings(max_examples=2)
@given(seeds, st.sampled_from([1, 2]), st.booleans())
def test_every_step(seed, lanes, spram):
    """Weights and updates equal the reference after every step, whatever is read in between."""
    # A word of single-port RAM has no room for the widest magnitudes.
    net, stdp, raster = learning_case(seed, n_steps=10, **({"learn_shift": 4} if spram else {}))
    options = {"synapse_memory": "spram"} if spram else {}
    config = core_for(net, stdp, len(raster), lanes=lanes, **options)

    async def script(bench):
        if spram:
            await bench.load(net, stdp)
        updates = await bench.command(CommandKind.CLEAR)
        for t, events in enumerate(raster):
            updates += await give_step(bench, events)
            updates += await bench.command(CommandKind.CLEAR, UPDATE_ROWS)
            want = run_reference(net, raster[: t + 1], stdp)
            check_magnitudes(await bench.magnitudes(net, stdp), want.magnitudes, t)
            assert updates == want.total.weight_updates

    Bench(config, **({} if spram else {"preloaded": net, "stdp": stdp})).run(script)


@settings(max_examples=3)
@given(seeds, st.sampled_from([1, 2, 4]), st.sampled_from([8, 16]), st.booleans())
def test_samples(seed, lanes, history, overlap):
    """Samples longer than the history, one after the other, give the reference's weights."""
    net, stdp, raster = learning_case(seed, n_steps=2 * history + 3)
    options = {"history": history, "overlap": overlap, "spike_stream": True}
    config = core_for(net, stdp, len(raster), lanes=lanes, **options)

    async def script(bench):
        magnitudes = None
        for k, rows in enumerate((raster, raster[::-1][:5])):
            want = run_reference(net, rows, stdp, magnitudes)
            got = await bench.sample(net, rows, Pauses(0.2 * k, 0.3 * k, seed))
            for name in ("spikes", "v", "out"):
                assert (getattr(got, name) == getattr(want, name)).all(), name
            magnitudes = want.magnitudes
            # A CLEAR of the sample's end or the one of the next: both keep the weights.
            await bench.command(CommandKind.CLEAR, UPDATE_ROWS * (k == 0))
            check_magnitudes(await bench.magnitudes(net, stdp), magnitudes, len(rows))

    Bench(config, preloaded=net, stdp=stdp).run(script)


def by_hand(**changes):
    """Return one input onto one neuron that fires with each event, and its constants.

    Traces rise by 8 of at most 15 and lose half in a step; an eta of 4 makes a change the trace.
    """
    net = plain_network(
        rows_of([1], 1, 3), rows_of([0], 1), decay=np.zeros(1, np.int32),
        fmt=IntFormat(v_width=8, weight_width=5),
    )  # fmt: skip
    values = {
        "plastic_in": True, "plastic_rec": False, "learn_shift": 2, "trace_width": 4,
        "trace_step": 8, "decay_width": 4, "decay_plus": np.full(2, 8, np.int32),
        "eta_plus": np.full(2, 4, np.int32), "magnitude_max": np.full(2, 15, np.int32),
        "decay_minus": np.full(1, 8, np.int32), "eta_minus": np.full(1, 4, np.int32),
        "eta_shift": 2,
    }  # fmt: skip
    return net, IntStdp(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "events", "magnitudes"),
    [
        # Coincident spikes do not see each other; one step later both traces are 4, and
        # min(12 + 4, 15) - 4 = 11.
        ({}, [1, 1], [12, 11]),
        # After two steps without a spike both traces are 2, and nothing is clipped.
        ({}, [1, 0, 1], [12, 12, 12]),
        # Depression alone, of traces 4, 6 and 7: 12 - 4 - 6 - 7 < 0.
        ({"eta_plus": np.zeros(2, np.int32)}, [1, 1, 1, 1], [12, 8, 2, 0]),
    ],
)
def test_by_hand(changes, events, magnitudes):
    """The order of the contract, clippings included, in cases small enough to do by hand."""
    net, stdp = by_hand(**changes)
    raster = np.array(events, bool)[:, None]
    config = core_for(net, stdp, len(raster))
    found = []

    async def script(bench):
        await bench.command(CommandKind.CLEAR)
        for row in raster:
            await give_step(bench, row)
            await bench.command(CommandKind.CLEAR, UPDATE_ROWS)
            found.append(int((await bench.magnitudes(net, stdp)).w_in[0]))

    Bench(config, preloaded=net, stdp=stdp).run(script)
    assert found == magnitudes


def test_unfinished_step():
    """Events whose step never comes change nothing, and new magnitudes can be loaded."""
    net, stdp, raster = learning_case(4, plastic_in=True, plastic_rec=True)
    config = core_for(net, stdp, len(raster))
    want = run_reference(net, raster, stdp)

    async def script(bench):
        check = await bench.sample(net, raster)
        assert (check.spikes == want.spikes).all()
        for k in range(net.n_inputs):
            await bench.command(CommandKind.EVENT, k)
        await bench.command(CommandKind.CLEAR)
        check_magnitudes(await bench.magnitudes(net, stdp), want.magnitudes, "end")
        await bench.load(net, stdp)
        again = await bench.sample(net, raster)
        assert (again.v == want.v).all()
        assert await bench.read(Select.V, 0, 0) >= 0

    Bench(config, preloaded=net, stdp=stdp).run(script)


def test_event_without_step():
    """An event whose step never comes leaves no trace, not even right after a CLEAR."""
    net, stdp, raster = learning_case(4, plastic_in=True, plastic_rec=True)
    config = core_for(net, stdp, len(raster))
    want = run_reference(net, raster, stdp)

    async def script(bench):
        await bench.command(CommandKind.CLEAR)
        for k in range(net.n_inputs):
            await bench.command(CommandKind.EVENT, k)
        check = await bench.sample(net, raster)
        assert (check.v == want.v).all()
        await bench.command(CommandKind.CLEAR, UPDATE_ROWS)
        check_magnitudes(await bench.magnitudes(net, stdp), want.magnitudes, "end")

    Bench(config, preloaded=net, stdp=stdp).run(script)


def test_refusals():
    """What a core that learns cannot hold is refused with what is needed."""
    net, stdp, _ = learning_case(3)
    config = core_for(net, stdp, 10)
    with pytest.raises(ValueError, match="double_buffer must be off"):
        dataclasses.replace(config, double_buffer=True)
    with pytest.raises(CapacityError, match="Core must have plasticity"):
        Bench(CoreConfig.for_network(net, n_steps=10), preloaded=net, stdp=stdp)
    other = dataclasses.replace(stdp, eta_shift=stdp.eta_shift + 1)
    with pytest.raises(CapacityError, match="eta_shift of the network must be"):
        Bench(config, preloaded=net, stdp=other)
    wide = dataclasses.replace(
        config, plasticity=dataclasses.replace(config.plasticity, learn_shift=12)
    )
    with pytest.raises(CapacityError, match="Magnitude word must be at most 36 bits, not"):
        dataclasses.replace(
            wide, plasticity=dataclasses.replace(wide.plasticity, plastic_in=True, loss_width=28)
        )


def test_learning_off():
    """A network that does not learn runs on its own core as ever, without any new port."""
    net, _, raster = learning_case(2)
    config = CoreConfig.for_network(net, n_steps=len(raster))

    async def script(bench):
        check_sample(await bench.sample(net, raster), net, raster)

    bench = Bench(config, preloaded=net)
    assert "weight_updates" not in bench.core.strobes.shape().members
    bench.run(script)
