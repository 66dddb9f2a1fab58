"""The report station: the record of a run, its work and energy, and one HTML file about it."""
