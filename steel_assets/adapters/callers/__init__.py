"""How many requests a caller of the service may make."""
