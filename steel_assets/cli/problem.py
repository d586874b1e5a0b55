"""What a command says when it cannot do what was asked."""


class Problem(Exception):
    """A message for the person at the keyboard: what is wrong, and what to do."""
