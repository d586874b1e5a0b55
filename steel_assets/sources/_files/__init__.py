"""How a file of a company's own is read, one idea per module: wrapping, encoding, separators, sheets, header, dates, figures.

``sources.file_import`` puts them together; nothing outside ``sources`` imports from here.
"""
