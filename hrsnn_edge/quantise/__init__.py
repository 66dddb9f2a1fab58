"""The quantise station."""
