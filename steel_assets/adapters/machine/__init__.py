"""The machine: its clock, use, disk, and what is logged on it."""
