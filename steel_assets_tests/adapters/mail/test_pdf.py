"""The morning mail on paper: what a reader finds in it, in both languages, and the mail that carries it."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest
from pypdf import PdfReader

from steel_assets.adapters.mail.email_message import email_message
from steel_assets.adapters.mail.pdf import PdfNotInstalled, as_pdf
from steel_assets.core.report import ForecastAtHorizon, MarketForecast, Report
from steel_assets.core.words import price
from steel_assets_tests.adapters.mail.sample import MORNING, REBAR, SCRAP

LABELS = {"en": "SIMULATED DATA", "es": "DATOS SIMULADOS"}
MONTHLY = replace(
    REBAR,
    id="wire",
    names={"en": "Wire rod, Mexico", "es": "Alambrón, México ñ"},
    price=18_345.5,
    frequency="monthly",
    odds=None,
    record=None,
    forecast=MarketForecast(
        "2026-11-30",
        "2026-10-01",
        0,
        False,
        {},
        tuple(
            ForecastAtHorizon(months, "2026-12-01", 18_000.25 + months, 1.5, 2.5, 3.5, 19_999.75, "naive", "v1")
            for months in range(1, 7)
        ),
    ),
)


def pages(report: Report, language: str) -> list[str]:
    """What stands on each sheet, on one line."""
    sheets = PdfReader(io.BytesIO(as_pdf(report, language))).pages
    return [" ".join(sheet.extract_text().replace("\N{NO-BREAK SPACE}", " ").split()) for sheet in sheets]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "Steel prices, 30 Nov 2026",
                "As known at 07:00 (America/Mexico_City)",
                "Rebar <b>& co: 571.25 USD/t on 27 Nov 2026, +2.0 % from the price of 26 Nov 2026.",
                "High: Rebar is late (since 2026-11-29 02:10)",
                "▲ +2.0 %",
                "Odds that matter: than 571.25, by 29 Dec 2026",
                "Right and wrong, the last seven days: better",
                "19 of 20",
                "25 Nov 2026: 566.50 came; 540.00 – 560.00 was said 5 d before.",
                "Price of 27 Nov 2026, 1 session old; forecast issued 30 Nov 2026; a newer price should be here",
                "No forecast yet.",
                "A forecast is a range, not a promise",
                "6 months",
                "Days ahead · Forecast · 90 % interval · Model",
            ],
        ),
        (
            "es",
            [
                "Precios del acero, 30 nov 2026",
                "Varilla: 571.25 USD/t el 27 nov 2026, +2.0 % respecto al precio del 26 nov 2026.",
                "Alta: La varilla viene tarde (desde 2026-11-29 02:10)",
                "Turquía",
                "Alambrón, México ñ",
                "Alguna vez −5 %",
                "25 nov 2026: fue 566.50; 5 d antes se dijo 540.00 – 560.00.",
                "Aún sin pronóstico.",
                "6 meses",
                "Días adelante · Pronóstico · Intervalo del 90 % · Modelo",
            ],
        ),
    ],
)
def test_one_sheet_says_what_the_mail_says(language: str, sentences: list[str]) -> None:
    morning = replace(MORNING, markets=(REBAR, SCRAP, MONTHLY))
    [sheet] = pages(morning, language)
    assert sheet.startswith(LABELS[language])
    assert [sentence for sentence in sentences if sentence not in sheet] == []
    for market in morning.markets:
        assert f"{price(market.price)} USD/t" in sheet
        for step in market.forecast.ahead if market.forecast else ():
            assert f"{price(step.q05)} – {price(step.q95)}" in sheet
            assert price(step.price) in sheet
    for share in ("56 %", "31 %", "12 %", "1.43 %", "1.98 %"):
        assert share in sheet
    other = LABELS["en" if language == "es" else "es"]
    assert other not in sheet


def test_every_sheet_of_many_markets_says_that_they_are_simulated_and_none_of_real_ones_does() -> None:
    many = replace(MORNING, markets=tuple(replace(REBAR, id=f"m{place}", price=100.5 + place) for place in range(12)))
    sheets = pages(many, "en")
    assert len(sheets) > 1
    assert all(sheet.startswith("SIMULATED DATA") for sheet in sheets)
    assert [market.price for market in many.markets if f"{market.price:.2f} USD/t" not in " ".join(sheets)] == []
    assert "SIMULATED" not in pages(replace(MORNING, simulated=False), "en")[0]


def test_it_has_a_picture_of_each_forecast_its_language_and_its_title() -> None:
    found = PdfReader(io.BytesIO(as_pdf(replace(MORNING, markets=(REBAR, SCRAP, MONTHLY)), "es")))
    assert len(found.pages[0].images) == 2
    assert [round(float(side) / 72 * 25.4) for side in found.pages[0].mediabox[2:]] == [210, 297]
    assert found.root_object["/Lang"] == "es"
    assert found.metadata is not None
    assert found.metadata.title == "DATOS SIMULADOS: Precios del acero, 30 nov 2026"
    assert as_pdf(MORNING, "es") == as_pdf(MORNING, "es"), "the same morning is the same file"


def test_a_figure_or_a_name_that_is_too_long_loses_no_digit_of_a_price() -> None:
    step = ForecastAtHorizon(
        1, "2026-11-30", 12_345_678.25, 11_345_678.25, 1.0, 2.0, 13_345_678.75, "a_family_with_a_very_long_name", "v1"
    )
    forecast = replace(REBAR.forecast, ahead=(step,)) if REBAR.forecast else None
    long = replace(REBAR, names={"en": "Rebar " * 60, "es": "x"}, forecast=forecast, odds=None, no_odds="why " * 100)
    said = " ".join(pages(replace(MORNING, markets=(long,)), "en"))
    assert "11,345,678.25 – 13,345,678.75" in said
    assert "12,345,678.25" in said
    assert "cannot be told (why why" in said


def test_the_mail_carries_it_once_and_only_where_it_is_wanted() -> None:
    mail = email_message(MORNING, "es", "k", "steel@example.com", ("ana@example.com",), pdf=True)
    assert mail.get_content_type() == "multipart/mixed"
    [attached] = mail.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", "steel-prices-2026-11-30.pdf")
    assert attached.get_content() == as_pdf(MORNING, "es")
    assert mail["Content-Language"] == "es"
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "image/png", "application/pdf"]
    assert "application/pdf" not in [part.get_content_type() for part in email_message(MORNING, "es", "k").walk()]


def test_without_its_library_it_is_refused_naming_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(PdfNotInstalled, match=r"pip install 'steel-assets\[pdf\]'"):
        as_pdf(MORNING, "en")
