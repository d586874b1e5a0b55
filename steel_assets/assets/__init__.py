"""The river as Dagster sees it: one thin file per stage, in the order data flows.

raw → processed → features → model → validation → promotion → forecast → metrics. An asset here is a sentence that calls
the core; it has no ideas of its own. Only this room and ``definitions`` know Dagster, and only this room and the command
line read the clock. (No ``from __future__ import annotations`` in these files: Dagster reads the annotations.)
"""

import warnings

from dagster import BetaWarning

# One run covers all markets through backfill_policy, which Dagster still calls beta: saying so on every start helps nobody.
warnings.filterwarnings("ignore", category=BetaWarning, message=".*backfill_policy.*")
