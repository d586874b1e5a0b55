"""Google's clients, their errors, and Secret Manager."""
