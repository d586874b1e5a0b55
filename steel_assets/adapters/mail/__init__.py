"""The morning mail: the facts of ``core/report.py`` in words, tables and pictures, as plain text, HTML and an e-mail."""
