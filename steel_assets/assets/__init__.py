"""The pipeline as Dagster sees it: one thin file per stage, in the order data flows.

raw → processed → features → model → validation → promotion → forecast → metrics. A provider is one step with an asset per group;
every market has its own assets, made by a factory per stage from the catalogue. An asset here calls one operation and reports; it
has no ideas of its own. Only this room and ``definitions`` know Dagster, and only this room and the command line read the clock.
(No ``from __future__ import annotations`` in these files: Dagster reads the annotations.)
"""
