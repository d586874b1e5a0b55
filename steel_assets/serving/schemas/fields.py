"""What several fields of the API say alike: what their examples are about, and their descriptions."""

MARKET = "rebar_fob_turkey"
VERSION = "20261116T0900Z-ridge-e5a7f426"
PROMOTED_AT = "2026-11-16T09:04:11Z"
RUN = "82c78490-104d-4412-b53a-bd8ace1bc9de"
RUN_URL = f"http://127.0.0.1:3000/runs/{RUN}"
"""What several examples are about."""

STARTS_FROM = "of the price that the forecast starts from"
SESSIONS = "trading days of the market, or its weeks or months; null: not known yet"
FREQUENCY = "how often its price comes: horizons and ages are counted in trading days, weeks or months"
WITHDRAWN = "the import that this was issued from and that was withdrawn since"
