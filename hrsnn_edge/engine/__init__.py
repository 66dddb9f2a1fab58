"""The engine station."""
