"""The use cases: collect, import, drop, train, judge, issue. One to a file, its parts as parameters; each returns what happened.

Free of Dagster and of FastAPI, so that a command or a test can call them without either. What an asset, a check or a command says
about the outcome stands in those rooms.
"""
