"""Co-simulation of the generated design against the reference."""
