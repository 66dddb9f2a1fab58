"""The accelerator, written in Amaranth."""
