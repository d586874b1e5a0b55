"""The API as a client meets it: a real process, real HTTP, a year of published tables."""

from __future__ import annotations

import hashlib
import re

import httpx
import pandas as pd
import pytest
from pydantic import ValidationError

from steel_assets.adapters.warehouse.warehouse import DuckDBWarehouse
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, PROMOTIONS
from steel_assets.serving import schemas
from steel_assets.serving.errors import Error
from steel_assets.serving.shape import Shape, example
from steel_assets_tests.serving.running import PREDICT, Running

MARKET = "rebar_fob_turkey"


def latest(service: Running, market: str = MARKET) -> pd.DataFrame:
    key = max((service.home / "lake" / "predictions" / "daily").glob(f"*/{market}-*.parquet"))
    return pd.read_parquet(key).sort_values("horizon")


def test_the_prediction_is_the_published_row_in_the_old_contract(service: Running) -> None:
    row = latest(service).iloc[0]
    answer = service.client.get(PREDICT)
    assert answer.status_code == 200
    assert answer.json() == {
        "prediction_date": f"{row['target_date']:%Y-%m-%d}",
        "predicted_price_usd_per_ton": round(row["predicted_price"], 2),
        "currency": "USD",
        "unit": "metric ton",
        "model_confidence": round(row["model_confidence"], 4),
        "timestamp": f"{row['as_of']:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert answer.headers["x-simulated"] == "true"


def test_details_come_only_when_asked_for_and_pesos_are_the_price_times_the_rate(service: Running) -> None:
    plain = service.client.get(PREDICT).json()
    assert service.client.get(PREDICT, params={"detail": "false"}).json() == plain
    detail = schemas.PredictionDetail.model_validate(service.client.get(PREDICT, params={"detail": "true"}).json())
    row = latest(service).iloc[0]
    assert plain.items() <= detail.model_dump().items()
    assert detail.exchange_rate is not None
    assert detail.exchange_rate.pesos_per_dollar == 18.42
    assert detail.predicted_price_mxn_per_ton == round(row["predicted_price"] * 18.42, 2)
    assert (detail.interval_90.low_usd_per_ton, detail.interval_90.high_usd_per_ton) == (
        round(row["q05"], 2),
        round(row["q95"], 2),
    )
    assert detail.model_version == row["model_version"]
    assert detail.data_as_of == f"{row['data_as_of']:%Y-%m-%d}"
    assert detail.last_training_date is not None


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/", schemas.About),
        ("/health", schemas.Health),
        ("/ready", schemas.Ready),
        (PREDICT, schemas.Prediction),
        ("/v1/markets", schemas.Markets),
        ("/v1/regions", schemas.Regions),
        ("/v1/regions/turkey", schemas.Region),
        (f"/v1/markets/{MARKET}/forecasts", schemas.Forecasts),
        (f"/v1/markets/{MARKET}/scorecard", schemas.Scorecard),
        (f"/v1/markets/{MARKET}/explanation", schemas.Explanation),
        ("/v1/models", schemas.Models),
        ("/v1/experiments", schemas.Experiments),
        ("/v1/metrics/daily", schemas.MetricsDaily),
        ("/v1/alerts", schemas.Alerts),
    ],
)
def test_every_answer_has_its_documented_shape(service: Running, path: str, shape: type[Shape]) -> None:
    answer = service.client.get(path)
    assert answer.status_code == 200, answer.text
    shape.model_validate(answer.json())


def test_regions_group_every_market_and_one_region_shows_the_nearest_forecast_of_each_of_its_markets(service: Running) -> None:
    every = service.client.get("/v1/markets").json()["markets"]
    regions = service.client.get("/v1/regions").json()["regions"]
    assert {market["id"]: market["region"] for market in every} == {
        market: region["region"] for region in regions for market in region["markets"]
    }
    turkey = service.client.get("/v1/regions/turkey").json()
    assert turkey["region_name"] == "Turkey"
    assert [market["id"] for market in turkey["markets"]] == ["rebar_fob_turkey", "scrap_turkey"]
    row = latest(service).iloc[0]
    nearest = turkey["markets"][0]
    assert (nearest["horizon"], nearest["predicted_price"], nearest["last_price"]) == (
        row["horizon"],
        row["predicted_price"],
        row["last_price"],
    )
    refused = service.client.get("/v1/regions/atlantis").json()
    assert "there are" in refused["message"]
    assert "turkey" in refused["message"]


def test_forecasts_are_the_published_quantiles_of_all_horizons(service: Running) -> None:
    body = service.client.get(f"/v1/markets/{MARKET}/forecasts").json()
    rows = latest(service)
    assert [forecast["horizon"] for forecast in body["forecasts"]] == list(rows["horizon"])
    for entry, row in zip(body["forecasts"], rows.to_dict("records"), strict=True):
        assert entry["quantiles"] == {name: row[name] for name in entry["quantiles"]}
        assert entry["predicted_price"] == row["predicted_price"]


def test_as_of_answers_with_the_issue_that_was_public_then(service: Running) -> None:
    every = DuckDBWarehouse(service.home / "warehouse.duckdb").read(FORECASTS, {"market": MARKET, "horizon": 1})
    past = every.sort_values("as_of").iloc[-30]
    path = f"/v1/markets/{MARKET}/forecasts"
    on_the_day = service.client.get(path, params={"as_of": f"{past['issued_date']:%Y-%m-%d}"}).json()
    at_the_moment = service.client.get(path, params={"as_of": past["as_of"].isoformat()}).json()
    just_before = service.client.get(path, params={"as_of": (past["as_of"] - pd.Timedelta(seconds=1)).isoformat()}).json()
    assert on_the_day["forecasts"][0]["predicted_price"] == past["predicted_price"]
    for answer in (at_the_moment, on_the_day):
        answer.pop("age_seconds")  # when it was asked, which differs
    assert at_the_moment == on_the_day
    assert just_before["as_of"] < on_the_day["as_of"]
    assert service.client.get(path, params={"as_of": "1999-01-01"}).status_code == 404


def test_models_and_metrics_are_the_tables(service: Running) -> None:
    warehouse = DuckDBWarehouse(service.home / "warehouse.duckdb")
    models = service.client.get("/v1/models", params={"market": MARKET}).json()
    assert len(models["ledger"]) == len(warehouse.read(PROMOTIONS, {"market": MARKET}))
    assert [model["horizon"] for model in models["champions"]] == [1, 5, 21, 63]
    assert models["champions"][0]["switches"][-1]["action"] == "rolled_back"
    rows = warehouse.read(METRICS_DAILY, {"market": MARKET})
    day = rows["date"].max()
    found = service.client.get("/v1/metrics/daily", params={"market": MARKET, "start": f"{day:%Y-%m-%d}"}).json()["metrics"]
    expected = rows[rows["date"] == day].sort_values("horizon")
    assert [score["mape"] for score in found] == list(expected["mape"])


@pytest.mark.parametrize("key", [None, "", "nonsense", "sk00000000.nope", "x" * 5000, "ключ".encode().decode("latin-1")])
def test_a_missing_or_wrong_key_is_401_and_always_the_same_words(service: Running, key: str | None) -> None:
    headers = {"x-api-key": key.encode("latin-1")} if key is not None else {}
    with httpx.Client(base_url=service.url, trust_env=False) as stranger:
        answers = [
            stranger.get(path, headers=headers) for path in (PREDICT, "/v1/markets", "/v1/markets/x/forecasts?as_of=rubbish")
        ]
        answers.append(stranger.post("/update-data", headers=headers))
    for answer in answers:
        assert answer.status_code == 401
        assert set(answer.json()) == {"error", "message", "status_code"}
    assert len({answer.text for answer in answers}) == 1


def test_a_reader_may_not_operate_and_an_operator_without_read_may_not_read(service: Running, keys: dict[str, str]) -> None:
    assert service.client.post("/retrain-model").status_code == 403
    operator = {"x-api-key": keys["only_operate"]}
    assert service.client.get(PREDICT, headers=operator).status_code == 403
    assert service.client.get("/automation/status", headers=operator).status_code == 503  # it may look at what it launches


def test_an_operation_without_dagster_is_503_with_a_reason_and_never_a_success(service: Running, keys: dict[str, str]) -> None:
    for path in ("/update-data", "/retrain-model", "/monitor-performance"):
        answer = service.client.post(path, headers={"x-api-key": keys["operate"]})
        assert answer.status_code == 503
        assert answer.json()["error"] == "dagster_away"
        assert answer.headers["retry-after"] == str(answer.json()["retry_after"])


def test_request_101_of_an_hour_is_429_and_says_when_to_come_back(service: Running, keys: dict[str, str]) -> None:
    headers = {"x-api-key": keys["small"]}
    answers = [service.client.get(PREDICT, headers=headers) for _ in range(103)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [429] * 3
    assert [int(answer.headers["x-ratelimit-remaining"]) for answer in answers] == [*range(99, -1, -1), 0, 0, 0]
    assert answers[0].headers["x-ratelimit-limit"] == "100"
    body = answers[-1].json()
    assert set(body) == {"error", "message", "status_code", "retry_after"}
    assert 0 < body["retry_after"] <= 3600
    assert answers[-1].headers["retry-after"] == str(body["retry_after"])
    assert service.client.get(PREDICT).status_code == 200  # another key is not held back


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/markets/no_such_market/forecasts", 404),
        ("GET", "/v1/models?market=no_such_market", 404),
        ("GET", "/v1/regions/no_such_region", 404),
        ("GET", "/nowhere", 404),
        ("POST", PREDICT, 405),
        ("DELETE", "/v1/markets", 405),
        ("GET", "/update-data", 405),
        ("POST", "/nowhere", 404),
        ("GET", f"{PREDICT}/", 404),  # no redirect: behind a proxy it would lead to plain http, key and all
        ("POST", "/retrain-model", 403),
        ("GET", f"{PREDICT}?detail=maybe", 422),
        ("GET", f"/v1/markets/{MARKET}/forecasts?as_of=yesterday", 422),
        ("GET", f"/v1/markets/{MARKET}/forecasts?as_of=2026-13-45", 422),
        ("GET", "/v1/metrics/daily?start=NaN", 422),
    ],
)
def test_every_error_has_the_one_shape(service: Running, method: str, path: str, status: int) -> None:
    answer = service.client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["status_code"] == status
    assert set(answer.json()) == {"error", "message", "status_code"}


def test_a_head_is_a_get_without_its_body(service: Running) -> None:
    for path in ("/", "/health", "/ready", PREDICT, "/v1/markets", "/dashboard/login"):
        head, get = service.client.head(path), service.client.get(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["content-type"] == get.headers["content-type"]
    assert service.client.head("/nowhere").status_code == 404


def test_detail_is_asked_for_as_programs_write_true(service: Running) -> None:
    for yes in ("true", "True", "1"):
        assert "interval_90" in service.client.get(PREDICT, params={"detail": yes}).json(), yes
    for no in ("false", "False", "0"):
        assert "interval_90" not in service.client.get(PREDICT, params={"detail": no}).json(), no


def test_a_body_is_capped_whether_it_says_its_length_or_not(service: Running, keys: dict[str, str]) -> None:
    headers = {"x-api-key": keys["operate"]}
    assert service.client.post("/update-data", headers=headers, content=b"x" * 70_000).status_code == 413
    before = service.resident_mb()
    endless = (b"x" * 65_536 for _ in range(800))
    try:
        answer = service.client.post("/dashboard/login", content=endless)
        assert answer.status_code == 413
    except httpx.TransportError:
        pass  # the service hung up while we were still sending, which is as good
    assert service.resident_mb() - before < 10


def test_answers_carry_security_headers_and_no_server_banner(service: Running) -> None:
    for path in (PREDICT, "/dashboard/login", "/nowhere", "/static/style.css"):
        headers = service.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "strict-transport-security" in headers
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers
    assert service.client.get(PREDICT).headers["cache-control"] == "no-store"
    assert "default-src 'none'" in service.client.get(PREDICT).headers["content-security-policy"]
    preflight = service.client.options(
        PREDICT, headers={"origin": "https://elsewhere.example", "access-control-request-method": "GET"}
    )
    assert "access-control-allow-origin" not in preflight.headers


def test_prometheus_counts_what_was_asked(service: Running) -> None:
    def predictions() -> float:
        text = service.client.get("/metrics").text
        label = f'steel_requests_total{{method="GET",route="{PREDICT}",status="200"}} '
        return float(next((line for line in text.splitlines() if line.startswith(label)), f"{label}0").removeprefix(label))

    before = predictions()
    for _ in range(7):
        service.client.get(PREDICT)
    assert predictions() - before == 7


def test_the_documentation_names_every_route_with_examples_and_loads_nothing_from_elsewhere(service: Running) -> None:
    api = service.client.get("/openapi.json").json()
    assert {"/predict/steel-rebar-price", "/v1/alerts", "/retrain-model", "/automation/status"} <= set(api["paths"])
    for path, methods in api["paths"].items():
        for method in methods.values():
            assert method["description"], path
            [answer] = [said for code, said in method["responses"].items() if code < "300"]
            if path != "/metrics" and "204" not in method["responses"]:
                assert answer["content"]["application/json"]["example"], path
            for code, refusal in method["responses"].items():
                if code >= "400" and path != "/ready":
                    example = Error.model_validate(refusal["content"]["application/json"]["example"])
                    assert str(example.status_code) == code, path
                    assert ("Retry-After" in refusal.get("headers", {})) == (example.retry_after is not None), path
            for parameter in method.get("parameters", []):
                assert parameter["schema"].get("examples") or "example" in parameter, (path, parameter["name"])
    page = service.client.get("/docs").text
    assert all(path in page for path in api["paths"])
    assert "https://" not in page


SHAPES = [shape for shape in vars(schemas).values() if isinstance(shape, type) and issubclass(shape, Shape)]


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.__name__ for shape in SHAPES])
def test_every_shape_shows_an_example_that_is_one(shape: type[Shape]) -> None:
    shape.model_validate(example(shape))


def test_a_row_of_a_table_is_answered_with_the_columns_that_the_table_has() -> None:
    assert list(schemas.DailyMetrics.model_fields) == [column.name for column in METRICS_DAILY.columns]
    assert [*schemas.Decision.model_fields, "created_at"] == [column.name for column in PROMOTIONS.columns]


def test_a_figure_that_is_none_is_never_answered() -> None:
    with pytest.raises(ValidationError, match="finite number"):
        schemas.DailyMetrics.of(example(schemas.DailyMetrics), mape=float("nan"))


def test_the_age_in_the_headers_grows_with_time(service: Running) -> None:
    def age() -> int:
        return int(service.client.get(PREDICT).headers["x-forecast-age-seconds"])

    issued = pd.Timestamp(service.client.get(PREDICT).json()["timestamp"])
    if issued < pd.Timestamp.now("UTC"):  # the sample is issued at 08:00 UTC of this day
        first = age()
        service.until(lambda: age() > first)
        before = pd.Timestamp.now("UTC")
        shown = age()
        assert int((before - issued).total_seconds()) <= shown <= (pd.Timestamp.now("UTC") - issued).total_seconds()
    later = service.client.get(PREDICT)
    assert later.headers["content-length"] == str(len(later.content))


def test_a_page_names_its_files_by_their_content_so_that_no_browser_mixes_old_and_new(service: Running) -> None:
    page = service.client.get("/dashboard/login").text
    links = re.findall(r'"(/static/[^"?]+)\?([0-9a-f]+)"', page)
    assert {"/static/style.css", "/static/theme.js"} <= {path for path, _ in links}
    assert '/static/style.css"' not in page
    for path, name in links:
        content = service.client.get(f"{path}?{name}").content
        assert hashlib.sha256(content).hexdigest().startswith(name)
