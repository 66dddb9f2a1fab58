"""The data station."""
