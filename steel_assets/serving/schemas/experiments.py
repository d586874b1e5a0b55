"""Experiments of variants compared with the champions."""

from __future__ import annotations

from pydantic import Field

from steel_assets.core.experiments import Metric
from steel_assets.core.experiments import State as ExperimentState
from steel_assets.serving.schemas.fields import MARKET
from steel_assets.serving.shape import Shape

PAIRS = "pairs of forecasts, of the variant and the champion, that have come true"
GAIN = "mean loss of the champion less the variant's, as a share of the champion's; null: nothing has come true"
BETTER = "evidence that the variant is better, valid at any look; 1 is none"
WORSE = "evidence that the variant is worse, valid at any look; 1 is none"


class ExperimentLook(Shape):
    """The evidence of an experiment on one day."""

    date: str = Field(examples=["2026-11-20"])
    state: ExperimentState = Field(examples=["collecting"])
    n: int = Field(description=PAIRS, examples=[41])
    gain_share: float | None = Field(description=GAIN, examples=[0.031])
    evidence_better: float = Field(description=BETTER, examples=[1.8])
    evidence_worse: float = Field(description=WORSE, examples=[0.7])


class Experiment(Shape):
    """A variant that is compared with the champions: its declaration and state."""

    id: str = Field(examples=["ridge_in_turkey"])
    name: str = Field(examples=["Ridge beside the champions of Turkey"])
    family: str = Field(description="model family of the variant", examples=["ridge"])
    markets: list[str] = Field(description="ids of the markets that it forecasts", examples=[[MARKET]])
    horizons: list[int] = Field(examples=[[1, 5]])
    metric: Metric = Field(description="what is compared, as a share of the last price", examples=["pinball"])
    start: str = Field(description="first day of issue", examples=["2026-10-01"])
    end: str = Field(description="first day after the experiment", examples=["2027-10-01"])
    planned_days: int = Field(description="calendar days after which it is inconclusive", examples=[365])
    keys_share: float = Field(
        description="share of the API keys that get its forecasts while it collects evidence", examples=[0.0]
    )
    state: ExperimentState = Field(
        description="won, harmful and inconclusive are final; stopped is set by a person", examples=["collecting"]
    )
    looked: str | None = Field(description="day of the newest evaluation; null: not evaluated yet", examples=["2026-11-20"])
    n: int = Field(description=PAIRS, examples=[41])
    mean_gain: float | None = Field(
        description="mean loss of the champion less the variant's, as a share of the last price", examples=[0.0004]
    )
    gain_share: float | None = Field(description=GAIN, examples=[0.031])
    evidence_better: float | None = Field(description=BETTER, examples=[1.8])
    evidence_worse: float | None = Field(description=WORSE, examples=[0.7])
    threshold: float = Field(description="evidence that decides", examples=[40.0])
    simulated: bool
    days: list[ExperimentLook] = Field(description="the newest 400 days with an evaluation, oldest first")


class Experiments(Shape):
    """Experiments of variants compared with the champions."""

    experiments: list[Experiment]
