"""Object stores, and what uses them directly: checksums, signatures, leases, sets of files."""
