"""Pages, mail and alerts in two languages: no text without its Spanish, none too many, dates as the locale data has them."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from babel.dates import format_date
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from babel.numbers import format_decimal

from steel_assets.core.words import LANGUAGES, direction, figure, money, price, share, signed, signed_share
from steel_assets.serving.page import DAY_PASSED, INCIDENTS
from steel_assets.serving.words import PageWords
from steel_assets_tests.serving.catalogue import KEYWORDS, ROOMS, kept, shown, spanish

CLDR = {"en": "en", "es": "es_MX"}


def texts(messages: Iterable[Message]) -> set[str | tuple[str, ...]]:
    return {message.id for message in messages if message.id}


def translations(messages: Iterable[Message]) -> dict[str, str]:
    return {str(list(message.id)): str(list(message.string)) for message in messages if message.id}


def places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_that_is_shown_has_its_spanish_and_none_of_the_catalogue_is_unused(room: Path) -> None:
    catalogue = kept(spanish(room))
    assert texts(shown(room)) == texts(catalogue)
    assert not catalogue.obsolete
    for message in catalogue:
        translated = message.string if message.pluralizable else (message.string,)
        assert all(translated), message.id
        assert not message.fuzzy, message.id


def test_a_text_that_is_shown_is_found_wherever_it_stands() -> None:
    found = texts(shown())
    assert "Skip to the figures" in found, "in a template"
    assert "Language" in found, "in an attribute of a template"
    assert ("{0} session old", "{0} sessions old") in found, "one or several, in a module"
    assert DAY_PASSED in found, "a constant of a module"


@pytest.mark.parametrize("room", ROOMS)
def test_no_text_stands_within_an_f_string_where_it_would_not_be_found(room: Path) -> None:
    for path in room.parent.glob("*.py"):
        filled = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.JoinedStr)]
        for call in (node for whole in filled for node in ast.walk(whole) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in KEYWORDS:
                literals = {part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)}
                assert literals <= texts(shown(room)), f"{path.name}:{call.lineno}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_translation_has_the_places_of_its_text(room: Path) -> None:
    for message in kept(spanish(room)):
        if message.id:
            english = message.id if message.pluralizable else (message.id,)
            translated = message.string if message.pluralizable else (message.string,)
            assert {frozenset(places(text)) for text in (*english, *translated)} == {frozenset(places(english[0]))}, message.id


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_read_is_the_catalogue_compiled(room: Path) -> None:
    with spanish(room).with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    assert translations(compiled) == translations(kept(spanish(room))), (
        "python -m steel_assets_tests.serving.catalogue brings it up to date"
    )


def test_texts_are_told_in_the_language_of_the_reader() -> None:
    assert PageWords("es")("Skip to the figures") == "Ir a las cifras"
    assert PageWords("xx").language == "en"
    assert PageWords("en")("Skip to the figures") == "Skip to the figures"
    told = PageWords("es")(INCIDENTS["stale_forecast"], "2026-01-05", name="Varilla")
    assert told == "Varilla: el último pronóstico era para el 5 ene 2026, que ya pasó"


@pytest.mark.parametrize(
    ("language", "sessions", "told"),
    [
        ("en", 0, "price of 5 Jan 2026, 0 sessions old"),
        ("en", 1, "price of 5 Jan 2026, 1 session old"),
        ("en", 3, "price of 5 Jan 2026, 3 sessions old"),
        ("es", 0, "precio del 5 ene 2026, con 0 sesiones de antigüedad"),
        ("es", 1, "precio del 5 ene 2026, con 1 sesión de antigüedad"),
        ("es", 3, "precio del 5 ene 2026, con 3 sesiones de antigüedad"),
    ],
)
def test_one_session_is_not_several(language: str, sessions: int, told: str) -> None:
    assert PageWords(language).price_age("2026-01-05", sessions) == told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_is_written_as_the_locale_data_has_it(language: str) -> None:
    for month in range(1, 13):
        day = date(2026, month, 9)
        assert PageWords(language).day(day.isoformat()) == format_date(day, "d MMM y", locale=CLDR[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_figure_is_written_as_the_locale_data_has_it_in_mexico_as_in_english(language: str) -> None:
    locale = CLDR[language]
    for value in (0.0, 0.4, 571.25, 1234.5, 1_234_567.8):
        assert price(value) == figure(value) == format_decimal(value, "#,##0.00", locale=locale)
        assert share(value, 2) == f"{format_decimal(100 * value, '0.00', locale=locale)} %"
    assert format_decimal(571.25, locale="es_ES") == "571,25", "which is why the language alone does not say it"


@pytest.mark.parametrize("room", ROOMS)
def test_a_catalogue_comes_with_the_package_in_both_forms(room: Path) -> None:
    assert {path.suffix for path in spanish(room).parent.iterdir()} == {".po", ".mo"}


def test_a_figure_shown_as_zero_has_no_sign_and_no_direction_and_small_costs_are_not_hidden() -> None:
    assert (signed_share(-0.0004), direction(-0.0004, 3)) == ("0.0 %", "")
    assert (signed_share(-0.0006), direction(-0.0006, 3)) == ("−0.1 %", "down")
    assert (signed(-0.004), signed(1234.5), signed(None)) == ("0.00", "+1,234.50", "–")
    assert [money(value) for value in (0.0014, 0.0, 2.071, None)] == ["0.0014", "0.00", "2.07", "–"]
