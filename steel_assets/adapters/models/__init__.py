"""Storage of trained models: versions, their files, and pointers to those in force."""
