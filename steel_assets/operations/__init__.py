"""The use cases: collect, import, train, judge, issue, publish, and others. One per file; each returns what it did.

They take their parts as parameters and import neither Dagster nor FastAPI, so that a command or a test can call them without
either. How an asset, a check or a command reports the result is decided there.
"""
