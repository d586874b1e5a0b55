"""Experiments as a service tells them, and the share of API keys that gets a variant: the same keys, of this issue only."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from steel_assets.adapters.lake.snapshots import SnapshotDamaged
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.experiment_share import has_variant
from steel_assets.core.service_use import summary
from steel_assets.core.tables import EXPERIMENT_FORECASTS, EXPERIMENT_VERDICTS, FORECASTS
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.operations import experiment_switch
from steel_assets.operations.publication import experiments, forecasts
from steel_assets.operations.publication.warehouse import Tables
from steel_assets.serving import response_bodies, schemas
from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets.serving.page import page
from steel_assets.serving.rehearsal import rehearse
from steel_assets.serving.rendering import rendered
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.words import PageWords
from steel_assets.settings import Settings
from steel_assets_tests.serving.running import PREDICT, answering
from steel_assets_tests.serving.sample import TRIAL, experimenting_with, issue_again, put_in_force
from steel_assets_tests.serving.sample import WITH_A_HISTORY as MARKET
from steel_assets_tests.serving.test_published import Looking

SHARED = TRIAL.model_copy(update={"keys_share": 0.5, "start": (datetime.now(UTC) - timedelta(days=90)).date()})
PATH = f"/v1/markets/{MARKET}/forecasts"
HIGHER = 1.004
"""The variant's prices ÷ the champion's."""


def day_in(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"


def say(parts: Platform, snapshot: Snapshot) -> None:
    """What the variant says from the issue in force, one and five days ahead."""
    rows = parts.warehouse.read(FORECASTS, {"market": MARKET})
    rows = rows[(rows["as_of"] == rows["as_of"].max()) & rows["horizon"].isin(SHARED.horizons)].copy()
    assert f"{rows['as_of'].iloc[0]:%Y-%m-%dT%H:%M:%SZ}" == (snapshot.forecast(MARKET) or [{}])[0]["as_of"]
    prices = ["predicted_price", *QUANTILE_COLUMNS]
    rows[prices] *= HIGHER
    rows = rows.assign(experiment=SHARED.id, model_family="drift", model_version="variant-of-this-week")
    parts.warehouse.upsert(EXPERIMENT_FORECASTS, EXPERIMENT_FORECASTS.enforce(rows))


@pytest.fixture(scope="module")
def parts(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """An installation whose experiment is open to half of the keys; not to be changed."""
    home = Path(shutil.copytree(published, tmp_path_factory.mktemp("shared") / "home", ignore=shutil.ignore_patterns("serving")))
    found = experimenting_with(platform(Settings(home=home, sources="sandbox")), SHARED)
    say(found, Looking(found.store).look())
    assert put_in_force(found).problems == {}
    return found


@pytest.fixture(scope="module")
def snapshot(parts: Platform) -> Snapshot:
    return Looking(parts.store).look()


@pytest.fixture(scope="module")
def clients(parts: Platform) -> Iterator[dict[bool, httpx.Client]]:
    """Two keys of one service by whether they get the variant."""
    store, keys = KeyStore(parts.settings.home / KEY_FILE), dict[bool, str]()
    while len(keys) < 2:
        record, key = store.create("reader", ["read"], datetime.now(UTC), limit_per_hour=10_000)
        keys[has_variant(record.id, SHARED.id, SHARED.keys_share)] = key
    with answering(parts.settings.home) as (service, port):
        service.refresher.current = service.refresher.refreshed()
        made = {
            chosen: httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": key}, trust_env=False)
            for chosen, key in keys.items()
        }
        yield made
        for client in made.values():
            client.close()


def test_a_key_always_gets_the_same_and_the_answer_says_what(clients: dict[bool, httpx.Client], snapshot: Snapshot) -> None:
    champion = {row["horizon"]: row["predicted_price"] for row in snapshot.forecast(MARKET) or []}
    for chosen, client in clients.items():
        first, again = (client.get(PATH).json()["forecasts"] for _ in range(2))
        assert first == again
        for row in first:
            variant = chosen and row["horizon"] in SHARED.horizons
            assert row["model_variant"] == (SHARED.id if variant else None)
            assert row["predicted_price"] == pytest.approx(champion[row["horizon"]] * (HIGHER if variant else 1))
        table = csv.DictReader(io.StringIO(client.get(PATH, params={"format": "csv"}).text))
        assert [row["model_variant"] for row in table] == [row["model_variant"] or "" for row in first]
        plain, detail = client.get(PREDICT).json(), client.get(PREDICT, params={"detail": "true"}).json()
        assert plain.get("model_variant") == detail["model_variant"] == (SHARED.id if chosen else None)
        assert ("model_variant" in plain) is chosen, "nothing is added to the old contract for other keys"
        assert plain["predicted_price_usd_per_ton"] == round(champion[1] * (HIGHER if chosen else 1), 2)
        past = client.get(PATH, params={"as_of": day_in(1)}).json()["forecasts"]
        assert [row["model_variant"] for row in past] == [None] * len(champion), "with as_of it is what was published"


def test_a_session_of_a_chosen_key_sees_the_champion_on_the_page(clients: dict[bool, httpx.Client], snapshot: Snapshot) -> None:
    key = clients[True].headers["x-api-key"]
    with httpx.Client(base_url=clients[True].base_url, trust_env=False, follow_redirects=True) as browser:
        shown = browser.post("/dashboard/login", data={"key": key}).text
    price = (snapshot.forecast(MARKET) or [{}])[0]["predicted_price"]
    assert f'data-figure="predicted_price">{price:,.2f}<' in shown
    assert f"{price * HIGHER:,.2f}" not in shown
    assert clients[True].get(PATH).json()["forecasts"][0]["model_variant"] == SHARED.id


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5])
def test_of_2000_keys_the_share_is_chosen_and_each_experiment_chooses_by_itself(share: float) -> None:
    keys = [f"sk{number:010x}" for number in range(2000)]
    chosen = {key for key in keys if has_variant(key, "one", share)}
    error = (2000 * share * (1 - share)) ** 0.5
    assert abs(len(chosen) - 2000 * share) <= 4 * error
    assert chosen <= {key for key in keys if has_variant(key, "one", share + 0.1)}, "who has it keeps it when the share grows"
    both = sum(has_variant(key, "other", share) for key in chosen)
    assert abs(both - len(chosen) * share) <= 4 * (len(chosen) * share * (1 - share)) ** 0.5


def key_of(chosen: bool) -> str:
    return next(key for key in (f"sk{place:010x}" for place in range(99)) if has_variant(key, SHARED.id, 0.5) == chosen)


def variants(snapshot: Snapshot, key: str | None, moment: float) -> list[str | None]:
    return [row.model_variant for row in response_bodies.forecasts(snapshot, MARKET, None, moment, key).forecasts]


def changed(snapshot: Snapshot, row: dict[str, Any] | None = None, **fields: Any) -> Snapshot:
    """The snapshot with another experiment, or with other rows of its variant."""
    [experiment] = snapshot["experiments"]
    shadows = {MARKET: [{**shadow, **(row or {})} for shadow in experiment["shadows"][MARKET]]}
    return snapshot.with_part("experiments", [{**experiment, "shadows": shadows, **fields}], None, 0.0)


@pytest.mark.parametrize(
    "otherwise",
    [
        lambda snapshot: changed(snapshot, state="won"),
        lambda snapshot: changed(snapshot, state="stopped"),
        lambda snapshot: changed(snapshot, end=day_in(-1)),
        lambda snapshot: changed(snapshot, keys_share=0.0),
        lambda snapshot: changed(snapshot, {"as_of": "2026-01-05T08:00:00Z"}),
        lambda snapshot: changed(snapshot, {"simulated": False}),
        lambda snapshot: changed(snapshot, {"unit": "USD/st"}),
        lambda snapshot: changed(snapshot, {"predicted_price": 9e5, "q95": 9e5}),
    ],
    ids=["won", "stopped", "over", "nobody", "of another issue", "live beside simulated", "in another unit", "absurd"],
)
def test_the_champion_is_answered_where_the_variant_may_not_be(
    snapshot: Snapshot, otherwise: Callable[[Snapshot], Snapshot]
) -> None:
    now = datetime.now(UTC).timestamp()
    key = key_of(chosen=True)
    assert variants(snapshot, key, now) == [SHARED.id, SHARED.id, None, None]
    assert variants(snapshot, key_of(chosen=False), now) == variants(snapshot, None, now) == [None] * 4
    assert variants(otherwise(snapshot), key, now) == [None] * 4


def test_a_variant_that_is_no_forecast_is_a_damaged_publication(snapshot: Snapshot) -> None:
    now = datetime.now(UTC).timestamp()
    rehearse(snapshot, now, pages=False)
    for row in ({"predicted_price": float("nan")}, {"market": "scrap_turkey"}, {"q05": "cheap"}):
        with pytest.raises(SnapshotDamaged):
            rehearse(changed(snapshot, row), now, pages=False)


def test_what_is_published_of_an_experiment_follows_its_switch_its_issue_and_its_verdict(parts: Platform, tmp_path: Path) -> None:
    home = Path(shutil.copytree(parts.settings.home, tmp_path / "home", ignore=shutil.ignore_patterns("serving")))
    mine = experimenting_with(platform(Settings(home=home, sources="sandbox")), SHARED)

    def now() -> dict[str, Any]:
        tables = Tables(mine.warehouse, datetime.now(UTC).timestamp())
        forecasts.latest(mine, tables)
        [found] = experiments.read(mine, tables)
        return found

    assert [row["horizon"] for row in now()["shadows"][MARKET]] == [1, 5]
    experiment_switch.stop(mine.store, SHARED.id, datetime.now(UTC))
    assert (now()["state"], now()["shadows"]) == ("stopped", {})
    experiment_switch.start(mine.store, SHARED.id)
    looks = mine.warehouse.read(EXPERIMENT_VERDICTS)
    first = mine.warehouse.read(FORECASTS, {"market": MARKET})["as_of"].max()
    issue_again(mine, MARKET, 571.0, first + (datetime.now(UTC) - first) / 2, publishing=False)
    assert (now()["state"], now()["shadows"]) == ("collecting", {}), "it said nothing of the newer issue"
    mine.warehouse.upsert(EXPERIMENT_VERDICTS, looks.tail(1).assign(state="won"))
    told = now()
    assert (told["state"], told["n"], len(told["days"])) == ("won", int(looks["n"].iloc[-1]), len(looks))
    assert experiment_switch.stop(mine.store, SHARED.id, datetime.now(UTC))
    assert now()["state"] == "won", "a verdict is final"


def test_the_api_tells_evidence_look_by_look_and_knows_its_markets(clients: dict[bool, httpx.Client], parts: Platform) -> None:
    client, looks = clients[False], parts.warehouse.read(EXPERIMENT_VERDICTS)
    body = schemas.Experiments.model_validate(client.get("/v1/experiments").json())
    [told] = body.experiments
    assert (told.id, told.state, told.simulated, told.threshold, told.keys_share) == ("trial", "collecting", True, 40.0, 0.5)
    assert [day.evidence_better for day in told.days] == looks["evidence_better"].tolist()
    assert client.get("/v1/experiments", params={"market": "scrap_turkey"}).json() == {"experiments": []}
    assert client.get("/v1/experiments", params={"market": "gold"}).status_code == 404
    assert "shadows" not in client.get("/v1/experiments").text


def shown(snapshot: Snapshot, language: str) -> str:
    context = page(
        snapshot,
        [],
        summary([]),
        [],
        words=PageWords(language),
        market=MARKET,
        horizon=None,
        now=datetime.now(UTC).timestamp(),
        open_here=False,
        user=None,
    )
    return rendered("dashboard.html", language, {}, **context)


def test_the_page_tells_a_state_in_words_and_shows_nothing_where_there_is_no_experiment(snapshot: Snapshot) -> None:
    english, spanish = shown(snapshot, "en"), shown(snapshot, "es")
    assert "collecting: nothing is decided yet" in english
    assert "en curso: aún no hay nada decidido" in spanish
    assert "pérdida pinball" in spanish
    for page_of in (english, spanish):
        section = page_of.partition('data-experiment="trial"')[2].partition("</section>")[0]
        assert ("SIMULATED DATA" in section) or ("DATOS SIMULADOS" in section)
    before = shown(changed(snapshot, days=[], looked=None, n=0, gain_share=None, evidence_better=None, evidence_worse=None), "en")
    assert "It has not been evaluated yet." in before
    assert "harmful: worse than the model in force" in shown(changed(snapshot, state="harmful"), "en")
    assert "experiment" not in shown(snapshot.with_part("experiments", [], None, 0.0), "en").lower()
