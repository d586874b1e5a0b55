"""Behaviour that every member of an open set inherits as tests. A file here holds no test of its own."""
