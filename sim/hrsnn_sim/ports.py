"""Where each named field of a component's ports stands in the generated design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.hdl import Shape
from amaranth.lib import data, wiring


@dataclass(frozen=True)
class Field:
    """A run of bits of one port of the generated top module."""

    port: str
    offset: int
    width: int
    signed: bool

    def of(self, word: int) -> int:
        """Return the field's value in the value of its port.

        >>> Field("p", 2, 3, True).of(0b11100)
        -1
        """
        value = word >> self.offset & ((1 << self.width) - 1)
        return value - (1 << self.width) if self.signed and value >> self.width - 1 else value


def port_fields(signature: wiring.Signature) -> dict[str, Field]:
    """Return every field of every port by its name.

    Ports of a structured shape are taken apart: ``trace.v[1]`` is the second element of the field
    ``v`` of the port ``trace``. A port of the generated module is named after its path, joined by
    two underscores, as Amaranth does.
    """
    out = {}
    for path, member in signature.members.flatten():
        if member.is_port:
            port, name = "__".join(map(str, path)), ".".join(map(str, path))
            for suffix, offset, shape in _leaves(member.shape):
                out[name + suffix] = Field(port, offset, shape.width, shape.signed)
    return out


def _leaves(shape) -> Iterator[tuple[str, int, Shape]]:
    """Return the name, offset and shape of every plain value in a shape."""
    try:
        layout = data.Layout.cast(shape)
    except TypeError:
        yield "", 0, Shape.cast(shape)
        return
    for key, field in layout:
        step = f"[{key}]" if isinstance(key, int) else f".{key}"
        for suffix, offset, leaf in _leaves(field.shape):
            yield step + suffix, field.offset + offset, leaf


def cxxrtl_name(wire: str) -> str:
    """Return the C++ name that CXXRTL gives to a port or, flattened, to a wire of a block.

    >>> cxxrtl_name("command__valid"), cxxrtl_name("queue.room")
    ('p_command____valid', 'p_queue_2e_room')
    """
    return "p_" + wire.replace("_", "__").replace(".", "_2e_")
