"""The morning mail in both languages: its sentences, its parts, and that HTML and text say the same."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from steel_assets.adapters.mail import wording
from steel_assets.adapters.mail.email_message import email_message
from steel_assets.adapters.mail.page import text, whole_page
from steel_assets.adapters.mail.wording import MailWords
from steel_assets.core.report import MarketChanges
from steel_assets.core.words import LANGUAGES
from steel_assets_tests.adapters.mail.sample import MORNING, REBAR, SCRAP


def seen(page: str) -> str:
    """What a reader of HTML sees, on one line."""
    body = re.sub(r"<style>.*?</style>|<!--.*?-->", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\N{NO-BREAK SPACE}", " ").split())


def parsed(language: str) -> Any:
    return message_from_bytes(
        email_message(MORNING, language, "k", "steel@example.com", ("ana@example.com",)).as_bytes(), policy=default
    )


def test_the_mail_is_text_and_html_with_its_pictures_beside_it() -> None:
    mail = parsed("en")
    assert mail.get_content_type() == "multipart/alternative"
    plain, related = mail.iter_parts()
    assert (plain.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    page, picture = related.iter_parts()
    assert page.get_content_type() == "text/html"
    assert picture.get_content_type() == "image/png"
    assert picture.get_content_disposition() == "inline"
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in page.get_content()
    assert Image.open(BytesIO(picture.get_content())).width == 1120
    assert (mail["Message-ID"], mail["To"], mail["Content-Language"]) == ("<k@steel-assets>", "ana@example.com", "en")


def test_every_picture_says_in_words_what_it_shows() -> None:
    page = whole_page(MORNING, "en")
    pictures = re.findall(r'<img src="data:image/png;base64,[^"]+"[^>]* alt="([^"]+)"', page)
    assert [html.unescape(alt).replace("\N{NO-BREAK SPACE}", " ") for alt in pictures] == [
        "Rebar <b>& co: 571.25 USD/t on 27 Nov 2026; 63 d ahead 638.00, with 90 % between 497.00 and 716.00."
    ]


@pytest.mark.parametrize("shown_as", [text, lambda *about: seen(whole_page(*about))], ids=["text", "page"])
@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "571.25 USD/t on 27 Nov 2026, +2.0 % from the price of 26 Nov 2026.",
                "The forecast 21 days ahead went from 590.00 to 596.00 (+1.0 %).",
                "A new model is in force 5 d ahead (ridge). The model before is back in force 1 d ahead (naive).",
                "High: Rebar is late (since 2026-11-29 02:10)",
                "559.00 – 592.00",
                "25 Nov 2026: 566.50 came; 540.00 – 560.00 was said 5 d before.",
                "price of 27 Nov 2026, 1 session old; forecast issued 30 Nov 2026; a newer price should be here; "
                "leans on scrap, last of 20 Nov 2026",
                "Scrap: price of 27 Nov 2026; no forecast yet",
                "No forecast yet.",
                "As known at 07:00 (America/Mexico_City)",
            ],
        ),
        (
            "es",
            [
                "571.25 USD/t el 27 nov 2026, +2.0 % respecto al precio del 26 nov 2026.",
                "El pronóstico a 21 días pasó de 590.00 a 596.00 (+1.0 %).",
                "Alta: La varilla viene tarde (desde 2026-11-29 02:10)",
                "25 nov 2026: fue 566.50; 5 d antes se dijo 540.00 – 560.00.",
                "precio del 27 nov 2026, con 1 sesión de antigüedad; pronóstico emitido el 30 nov 2026",
                "Chatarra: precio del 27 nov 2026; aún sin pronóstico",
                "Aún sin pronóstico.",
            ],
        ),
    ],
)
def test_text_and_page_say_the_same_in_both_languages(language: str, sentences: list[str], shown_as: Any) -> None:
    said = " ".join(shown_as(MORNING, language).split())
    assert [sentence for sentence in sentences if sentence not in said] == []


@pytest.mark.parametrize(("language", "label"), [("en", "SIMULATED DATA"), ("es", "DATOS SIMULADOS")])
def test_simulated_is_in_the_subject_and_on_top(language: str, label: str) -> None:
    mail = parsed(language)
    plain, related = mail.iter_parts()
    assert mail["Subject"].startswith(f"[{label}] ")
    assert plain.get_content().startswith(f"*** {label} ***")
    assert seen(next(related.iter_parts()).get_content().partition("</title>")[2]).startswith(label)
    real = replace(MORNING, simulated=False)
    assert label not in str(email_message(real, language, "k")["Subject"]) + text(real, language) + whole_page(real, language)


def test_a_name_with_markup_is_shown_and_not_obeyed() -> None:
    assert "Rebar &lt;b&gt;&amp; co" in whole_page(MORNING, "en")
    assert "<b>& co" not in whole_page(MORNING, "en")
    assert "Rebar <b>& co" in text(MORNING, "en")
    assert "Turkey &lt;i&gt;" in whole_page(MORNING, "en")
    assert "<i>" not in whole_page(MORNING, "en")


def test_markets_stand_under_their_region_which_is_named_once() -> None:
    other = replace(SCRAP, id="other", names={"en": "Ore", "es": "Mineral"}, regions={"en": "China", "es": "China"})
    morning = replace(MORNING, markets=(REBAR, SCRAP, other))
    for said in (text(morning, "es"), seen(whole_page(morning, "es"))):
        assert said.count("Turquía") == 1
        turkey, china = said.index("Turquía"), said.index("China")
        assert turkey < said.index("Chatarra", turkey) < china < said.index("Mineral", china)


def test_a_morning_on_which_nothing_changed_says_so() -> None:
    quiet = replace(MORNING, alerts=(), markets=(replace(REBAR, news=MarketChanges(False, False, None, ())), SCRAP))
    for said in (text(quiet, "en"), seen(whole_page(quiet, "en"))):
        assert "Nothing: no new price, no new forecast, no new model." in said
        assert "None." in said


def test_odds_that_cannot_be_told_say_why() -> None:
    without = replace(MORNING, markets=(replace(REBAR, odds=None, no_odds="too little history"),))
    for said in (text(without, "en"), seen(whole_page(without, "en"))):
        assert "cannot be told (too little history)" in said


def test_a_market_that_cannot_be_read_is_named() -> None:
    torn = replace(MORNING, problems={"iron_ore_62": "its history is damaged"})
    for said in (text(torn, "en"), seen(whole_page(torn, "en"))):
        assert "iron_ore_62 cannot be read: its history is damaged" in said


def test_a_week_is_better_worse_or_alike() -> None:
    record = REBAR.record
    assert record is not None
    told = [
        wording.verdict(replace(REBAR, record=replace(record, error=error)), MailWords("en")) for error in (0.01, 0.0198, 0.03)
    ]
    assert told == ["better", "alike", "worse"]


def test_the_page_asks_nobody_for_anything() -> None:
    addresses = re.findall(r'(?:src|href|url)=?[("]+(?!data:)([^")]+)', whole_page(MORNING, "en"))
    assert addresses == ["https://steel.example.com/dashboard"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_kept_as_a_file_names_no_sender(language: str) -> None:
    kept_mail: EmailMessage = email_message(MORNING, language, "k")
    assert (kept_mail["From"], kept_mail["To"]) == (None, None)
