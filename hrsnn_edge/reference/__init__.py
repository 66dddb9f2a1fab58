"""What the integer network computes: `docs/numeric-contract.md` as readable code."""
