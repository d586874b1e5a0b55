"""Rate limits of the service's callers."""
