"""A component behind a few pins, so that place and route can measure it alone."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class FewPins(wiring.Component):
    """A component whose inputs come from a shift register and whose outputs end in registers.

    A core has more ports than small packages have pins, and pins would pull its logic apart. Every
    path inside the component stays; what the wrapper adds is `registers` flip-flops, of which those
    of the outputs are kept though nobody reads them.

    Parameters
    ----------
    component : wiring.Component
        What is to be measured.
    observed : sequence of str
        Names of its output ports, or ports, that are kept; logic that only drives others goes.

    Members
    -------
    i : In(1)
        Shifted in.
    o : Out(1)
        The last bit that was shifted in.
    """

    def __init__(self, *, component: wiring.Component, observed):
        self._component = component
        inputs, outputs = [], []
        for path, member, value in component.signature.flatten(component):
            if member.flow == wiring.In:
                inputs.append(Value.cast(value))
            elif path[0] in observed:
                outputs.append(Value.cast(value))
        self._inputs, self._outputs = inputs, outputs
        super().__init__({"i": In(1), "o": Out(1)})

    @property
    def registers(self) -> int:
        """Flip-flops that the wrapper adds."""
        return sum(map(len, self._inputs)) + sum(map(len, self._outputs))

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.component = self._component
        shift = Signal(sum(map(len, self._inputs)))
        seen = Signal(sum(map(len, self._outputs)), attrs={"keep": 1})
        m.d.sync += [shift.eq(Cat(self.i, shift)), seen.eq(Cat(self._outputs))]
        m.d.comb += Cat(self._inputs).eq(shift)
        m.d.comb += self.o.eq(shift[-1])
        return m
