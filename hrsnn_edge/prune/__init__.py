"""The prune station."""
