"""The simulated economy: log prices and forward curves on every weekday, from one seed.

A price has a trend, a lasting part and a passing part (Schwartz and Smith 2000). The passing part is absent from distant
contracts, so the curve slopes towards the expected price, and a contract's own price has no drift. A quote that rolls to the next
contract therefore jumps by a step that the curve showed the day before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from steel_assets.sandbox.contracts import Roll, rolled, weekdays_ahead
from steel_assets.sandbox.cycles import cycle
from steel_assets.sandbox.drivers import DRIVERS, SimulatedDriver
from steel_assets.sandbox.instruments import Instrument
from steel_assets.sandbox.shocks import accumulated, clustered, fat_tailed, held, lagged, stream

BEGINNING = pd.Timestamp("2014-01-01")
"""The first day of the providers' history."""

WARMING_UP = pd.Timestamp("2013-01-01")
PASSING_HALF_LIFE = 45.0
WEEKDAYS_IN_YEAR = 261


class Economy:
    """All drivers on all weekdays up to ``until``, each computed at first use. A later ``until`` changes no day."""

    def __init__(self, seed: int, until: pd.Timestamp) -> None:
        self.seed = seed
        self.days = pd.bdate_range(WARMING_UP, until).as_unit("ns")
        self._moves: dict[str, np.ndarray] = {}
        self._states: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def quotes(self, instrument: Instrument, name: str) -> np.ndarray:
        """The price of ``instrument`` on each weekday; ``name`` (its symbol) determines the days without trading."""
        count = len(self.days)
        log_price = self.log_forward(instrument.driver, instrument.roll, instrument.contract)
        prices = np.round(np.exp(log_price) / instrument.tick) * instrument.tick
        alone = stream(self.seed, "quiet", name).random(count) < instrument.quiet
        together = stream(self.seed, "quiet", instrument.driver.name).random(count) < instrument.market_quiet
        return held(prices, (alone | together) & ~rolled(self.days, instrument.roll))

    def log_forward(self, driver: SimulatedDriver, roll: Roll = "spot", contract: int = 1) -> np.ndarray:
        """Log of the price of a contract on each weekday, trend included."""
        lasting, passing = self._state(driver)
        years = (np.arange(len(self.days)) - self.days.searchsorted(BEGINNING)) / WEEKDAYS_IN_YEAR
        kept = 0.5 ** (weekdays_ahead(self.days, roll, contract) / PASSING_HALF_LIFE)
        return np.log(driver.start) + driver.drift * years + lasting + kept * passing

    def log_deviation(self, driver: SimulatedDriver) -> np.ndarray:
        """Log distance of the spot price from its trend on each weekday."""
        lasting, passing = self._state(driver)
        return lasting + passing

    def _shocks(self, *purpose: str) -> np.ndarray:
        return clustered(fat_tailed(stream(self.seed, *purpose), len(self.days)))

    def _cycle(self, driver: SimulatedDriver) -> tuple[np.ndarray, np.ndarray]:
        if driver.cycle is None:
            return np.zeros(len(self.days)), np.ones(len(self.days))
        drift, volatility = cycle(stream(self.seed, "cycle", driver.cycle), len(self.days))
        return driver.cycle_share * lagged(drift, driver.cycle_days), volatility

    def _moves_of(self, driver: SimulatedDriver) -> np.ndarray:
        if driver.name not in self._moves:
            moves = driver.volatility / 100 * self._cycle(driver)[1] * self._shocks("price", driver.name)
            for link in driver.links:
                moves = moves + link.share * lagged(self._moves_of(DRIVERS[link.driver]), link.days)
            self._moves[driver.name] = moves
        return self._moves[driver.name]

    def _state(self, driver: SimulatedDriver) -> tuple[np.ndarray, np.ndarray]:
        if driver.name not in self._states:
            moves = self._moves_of(driver)
            lasting = accumulated((1 - driver.passing) * moves + self._cycle(driver)[0], driver.pull)
            leaning = driver.passing * moves + driver.slope / 100 * self._shocks("slope", driver.cycle or driver.name)
            self._states[driver.name] = lasting, accumulated(leaning, PASSING_HALF_LIFE)
        return self._states[driver.name]
