"""The artifact station."""
