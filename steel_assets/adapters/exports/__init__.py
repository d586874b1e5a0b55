"""Files of tables for other programs, each kind in its own module, and how a file is put where a person wants it."""
