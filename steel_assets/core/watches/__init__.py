"""Price watches: what somebody asks to be told of, what a publication says of it, and what is told once. Standard library only.

The service answers from here too, so nothing here knows pandas.
"""
