"""The analysis station."""
