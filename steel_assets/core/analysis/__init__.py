"""Statements about a market's past, each with its number of observations and a test.

Trend and breaks, seasonality, volatility, levels of price and margins, leads, and what followed similar situations. Every
statement has a p-value, and all statements of a market are corrected together (``statements.judged``), so that what a random walk
would show too is not called a finding. Pure functions of what was known at one moment (``market_data.MarketData``);
``docs/analysis.md`` explains each statement.
"""
