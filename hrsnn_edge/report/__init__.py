"""The report station."""
