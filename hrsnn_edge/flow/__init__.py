"""The whole flow: the experiment file, the store of finished stations, and the stations in order."""
