"""What can be said of a market's past, each statement with its number of observations and a test.

Trend and breaks, the time of year, volatility, where price and margins stand, who leads whom, and what followed when it last
looked like this. Every statement has a p-value, all statements of a market are corrected together (``statements.judged``), and
what a random walk would show as well is said to be no more than that. Pure functions of what was known at one moment
(``market_data.MarketData``); ``docs/analysis.md`` says what each statement means.
"""
