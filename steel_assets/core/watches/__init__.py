"""Price watches: their declaration, their evaluation on a publication, and when a message is due. Standard library only.

The service uses this package too, so nothing here imports pandas.
"""
