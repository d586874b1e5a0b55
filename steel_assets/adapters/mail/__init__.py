"""The morning mail: the content of ``core/report.py`` in words, tables and pictures, as text, HTML, e-mail and PDF."""
