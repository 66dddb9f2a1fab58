"""Counting in LUTs: a carry chain of a few bits costs more in its two ends than in its bits."""

from __future__ import annotations

from amaranth.hdl import Cat


def one_more(value):
    """Return an unsigned value plus 1, in its own width."""
    return Cat(value[k] ^ value[:k].all() for k in range(len(value)))


def one_less(value):
    """Return an unsigned value minus 1, in its own width."""
    return Cat(value[k] ^ ~value[:k].any() for k in range(len(value)))


def negated_if(value, wanted):
    """Return a value, or with `wanted` its two's complement, in its own width."""
    return Cat(value[k] ^ (wanted & value[:k].any()) for k in range(len(value)))
