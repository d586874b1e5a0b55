"""Asking the service. What each answer holds is said in ``models``, which is made from its OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from steel_assets_client import models as shapes

Answer = TypeVar("Answer", bound=BaseModel)
SECONDS = 30.0


class Refused(Exception):
    """The service refuses a request, or answers something else than it says it does.

    Attributes:
        status: of HTTP.
        error: the kind of refusal, such as ``unauthorized``; empty where what answered was not the service.
        retry_after: seconds after which to try again; None where that would change nothing.
    """

    def __init__(self, status: int, error: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.retry_after = retry_after


class SteelAssets:
    """The service at ``address``, asked with an API key; use it as a context, or ``close`` it.

    Every method raises ``Refused``, and ``httpx.TransportError`` where the service cannot be reached. Days are dates or ISO texts.
    """

    def __init__(self, address: str, key: str, *, timeout: float = SECONDS) -> None:
        """``key``: as ``steel keys create`` shows it; ``timeout``: seconds that an answer may take."""
        self._http = httpx.Client(base_url=address, headers={"X-API-Key": key}, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def prediction(self) -> shapes.PredictionDetail:
        """The default market's price on its next business day, with everything that is said of it."""
        return self._get("/predict/steel-rebar-price", shapes.PredictionDetail, detail="true")

    def markets(self) -> shapes.Markets:
        """All markets and how fresh their forecasts are."""
        return self._get("/v1/markets", shapes.Markets)

    def forecasts(self, market: str, as_of: date | datetime | str | None = None) -> shapes.Forecasts:
        """All horizons and quantiles of the issue in force, or of the one that was public at ``as_of``."""
        return self._get(f"/v1/markets/{market}/forecasts", shapes.Forecasts, as_of=as_of)

    def averages(self, market: str) -> shapes.Averages:
        """Average prices of the months and quarters ahead."""
        return self._get(f"/v1/markets/{market}/averages", shapes.Averages)

    def odds(
        self,
        market: str,
        *,
        above: float | None = None,
        below: float | None = None,
        by: date | str | None = None,
        on: date | str | None = None,
        average: str | None = None,
    ) -> shapes.Odds:
        """The chance to be above or below a price by a day, on it, or on ``average`` of a month (2026-12) or quarter (2026-Q4)."""
        return self._get(f"/v1/markets/{market}/odds", shapes.Odds, above=above, below=below, by=by, on=on, average=average)

    def analysis(self, market: str) -> shapes.Analysis:
        """What can be said of a market's past, and how much of it is more than chance."""
        return self._get(f"/v1/markets/{market}/analysis", shapes.Analysis)

    def scorecard(self, market: str) -> shapes.Scorecard:
        """Published forecasts beside what happened and beside the last price."""
        return self._get(f"/v1/markets/{market}/scorecard", shapes.Scorecard)

    def explanation(self, market: str) -> shapes.Explanation:
        """What moved each forecast up or down, and how good the data beneath is."""
        return self._get(f"/v1/markets/{market}/explanation", shapes.Explanation)

    def models(self, market: str | None = None) -> shapes.Models:
        """Models in force and the decisions about them."""
        return self._get("/v1/models", shapes.Models, market=market)

    def experiments(self, market: str | None = None) -> shapes.Experiments:
        """Variants beside the champions: where each experiment stands, and its evidence look by look."""
        return self._get("/v1/experiments", shapes.Experiments, market=market)

    def metrics(
        self, market: str | None = None, start: date | str | None = None, end: date | str | None = None
    ) -> shapes.MetricsDaily:
        """How good forecasts were, day by day."""
        return self._get("/v1/metrics/daily", shapes.MetricsDaily, market=market, start=start, end=end)

    def alerts(self) -> shapes.Alerts:
        """Everything that is wrong now, worst first."""
        return self._get("/v1/alerts", shapes.Alerts)

    def watches(self) -> shapes.Watches:
        """The price watches of this key."""
        return self._get("/v1/watches", shapes.Watches)

    def add_watch(self, watch: shapes.NewWatch) -> shapes.Watch:
        """Set a price watch; one that asks the same as another of this key is that one."""
        return self._parsed(self._http.post("/v1/watches", json=watch.model_dump(mode="json", exclude_none=True)), shapes.Watch)

    def remove_watch(self, watch: str) -> None:
        """Remove a price watch of this key, by its id."""
        self._checked(self._http.delete(f"/v1/watches/{watch}"))

    def _get(self, path: str, shape: type[Answer], **parameters: Any) -> Answer:
        given = {name: _written(value) for name, value in parameters.items() if value is not None}
        return self._parsed(self._http.get(path, params=given), shape)

    def _parsed(self, answer: httpx.Response, shape: type[Answer]) -> Answer:
        content = self._checked(answer).content
        try:
            return shape.model_validate_json(content)
        except ValidationError as error:
            message = f"{answer.url} answers something else than {shape.__name__} ({error.error_count()} fields differ)"
            raise Refused(answer.status_code, "", message) from error

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            said = shapes.Error.model_validate_json(answer.content)
        except ValidationError:
            raise Refused(answer.status_code, "", f"{answer.url} answers {answer.status_code}") from None
        raise Refused(said.status_code, said.error, said.message, said.retry_after)


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
