"""The interchange station: exchange formats of the field, in and out, with every change listed."""
