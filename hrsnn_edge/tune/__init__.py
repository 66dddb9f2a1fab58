"""The tune station."""
