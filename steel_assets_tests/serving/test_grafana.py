"""The Grafana dashboard asks for nothing that a running service does not serve, by names and labels that it has."""

from __future__ import annotations

import json
import re
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from steel_assets_tests.isolation import ROOT
from steel_assets_tests.serving.running import Running

PREDICT = "/predict/steel-rebar-price"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/steel-assets.json").read_text())
SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds."""


def expressions() -> list[str]:
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*asked, *(entry["definition"] for entry in DASHBOARD["templating"]["list"] if entry["type"] == "query")]


def served(service: Running) -> dict[str, set[str]]:
    """The name of each sample that /metrics has, and its labels."""
    service.client.get(PREDICT)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(service.client.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_figure_and_label_that_the_dashboard_asks_for_is_served(service: Running) -> None:
    there = served(service)
    asked = {name for text in expressions() for name in re.findall(r"\bsteel_[a-z_]+", text)}
    assert len(asked) >= 8
    assert asked <= set(there)
    labels = set().union(*there.values()) | SCRAPED
    for text in expressions():
        named = re.findall(r"([a-z_]+)=~?\"", text) + re.findall(r"by \(([a-z_, ]+)\)", text)
        assert {entry.strip() for part in named for entry in part.split(",")} <= labels, text


def test_every_figure_that_is_served_is_on_the_dashboard(service: Running) -> None:
    whole = " ".join(expressions())
    ours = {name for name in served(service) if name.startswith("steel_") and not name.endswith("_created")}
    assert {name for name in ours if name not in whole} == set()


def test_the_dashboard_is_one_that_grafana_imports() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    taken = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken)), "no panel lies over another"
    sources = {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]}
    assert sources == {"${source}"}, "whoever imports it chooses the Prometheus"
