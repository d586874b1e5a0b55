"""Where trained models live: versions, their files, and the pointers to those in force."""
