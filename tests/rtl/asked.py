"""A readout that is computed when a step asks, alone in Amaranth's simulator."""

from __future__ import annotations

from random import Random

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import READOUTS
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.placer import place

from hrsnn_edge.network import IntNetwork
from tests.rtl.harness import simulate

#: The memories of a readout.
OWN = (Select.OUT_WEIGHT, Select.OUT_BIAS, Select.OUT_NEURON)


def run_asked(
    net: IntNetwork, config: CoreConfig, samples, *, pause: float = 0.0, seed: int = 1
) -> tuple[list, int]:
    """Send the spikes of samples to a readout block.

    Parameters
    ----------
    samples : list of list of (bin, (N,) bool, bool)
        Readout bin, spikes, and whether the outputs are asked for, of each step.
    pause : float
        Chance that in a cycle no spike comes.

    Returns
    -------
    outputs : list of list of (n_out,) int
        Outputs that the host reads after each step.
    sops : int
        Products that the block reports.
    """
    placement = place(net, config.lanes, config.n_slots)
    images = [i for i in memory_images(net, config, placement) if i.select in OWN]
    dut = READOUTS[type(config.readout)](config=config, images=images, poison=True)
    rng, sops, outputs = Random(seed), 0, []

    async def bench(ctx):
        async def tick():
            nonlocal sops
            *_, sop = await ctx.tick().sample(dut.sop)
            sops += sop

        async def pulse(**signals):
            for name in signals:
                ctx.set(getattr(dut, name), signals[name])
            await tick()
            for name in signals:
                ctx.set(getattr(dut, name), 0)

        async def rest():
            while ctx.get(dut.busy):
                await tick()

        for steps in samples:
            await pulse(clear=1)
            await rest()
            outputs.append([])
            for bin_idx, spikes, asks in steps:
                ctx.set(dut.bin, bin_idx)
                ctx.set(dut.settled, 0)
                await pulse(step=1, ask=int(asks))
                for neuron in np.flatnonzero(spikes):
                    while rng.random() < pause:
                        await tick()
                    ctx.set(dut.event.payload.source, int(placement.index[neuron]))
                    ctx.set(dut.event.valid, 1)
                    while not ctx.get(dut.event.ready):
                        await tick()
                    await tick()
                    ctx.set(dut.event.valid, 0)
                await tick()
                ctx.set(dut.settled, 1)
                await rest()
                words = []
                for c in range(net.readout.n_out):
                    ctx.set(dut.read_addr, c)
                    await tick()
                    await tick()
                    words.append(ctx.get(dut.stored[0]))
                outputs[-1].append(words)

    simulate(dut, bench)
    return outputs, sops
