"""What-if studies: many designs of one experiment, measured, estimated, placed and compared."""
