"""The Dagster assets, one thin file per stage, in the order in which data flows.

raw → processed → features → model → validation → promotion → forecast → metrics. A provider is one step with one asset per
endpoint group. Every market has its own assets, made from the catalogue by one factory per stage. An asset calls one operation
of ``steel_assets.operations`` and reports its result as metadata and checks; it computes nothing itself. Only this package and
``definitions`` import Dagster; only this package and the command line read the clock. These files have no ``from __future__
import annotations``, because Dagster reads annotations when they are objects.
"""
