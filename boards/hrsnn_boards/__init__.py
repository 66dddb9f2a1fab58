"""Boards: from an artifact to a bitstream, and the host driver."""
