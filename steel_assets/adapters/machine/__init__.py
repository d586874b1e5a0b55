"""The machine: its clock, usage, disk, logs and traces."""
