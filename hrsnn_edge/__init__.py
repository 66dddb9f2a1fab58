"""hrsnn-edge: heterogeneous recurrent spiking networks from data to a verified bitstream."""

__version__ = "0.1.0"
