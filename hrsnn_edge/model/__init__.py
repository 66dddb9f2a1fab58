"""The model station."""
