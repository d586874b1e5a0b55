"""Object stores, and what rests on them alone: checksums, signatures, leases, sets of files."""
