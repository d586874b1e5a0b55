"""Measured times: `make bench`. One module with a `main` per subject."""
