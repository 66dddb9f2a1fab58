"""The reference station."""
