"""Reads a company's own files, one step per module: compression, encoding, separators, sheets, header, dates, values.

``sources.file_import`` combines them; nothing outside ``sources`` imports from here.
"""
