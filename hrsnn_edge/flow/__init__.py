"""The whole flow: experiment file, store of finished stations, and the stations in order."""
