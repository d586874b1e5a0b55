"""How Google's clients are made, what goes wrong there, and Secret Manager."""
