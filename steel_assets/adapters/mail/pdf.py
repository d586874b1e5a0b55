"""The morning mail as an A4 page for printing and forwarding: the same figures, sentences and pictures.

It is one page if the markets fit, as the shipped ones do; otherwise it continues on the next.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from steel_assets.adapters.mail import wording
from steel_assets.adapters.mail.fan import INK, fan
from steel_assets.adapters.mail.wording import MailWords
from steel_assets.core.problem import Problem
from steel_assets.core.report import MarketFacts, MarketForecast, Report
from steel_assets.core.types import MarketFrequency
from steel_assets.core.words import capitalized, direction, price, share, signed_share

if TYPE_CHECKING:
    from steel_assets.adapters.mail.paper import Paper

PALE = "#5b6672"
COLORS = {"up": "#19703d", "down": "#b3261e", "": PALE}
ARROWS = {"up": "▲ ", "down": "▼ ", "": ""}
LEFT, WHOLE = 12.0, 186.0
PICTURE, SMALL, LARGE, FEW = 60.0, 21.0, 34.0, 3
"""How wide a picture is and how high: large where there are few."""

BESIDE, HALF, GAP = 75.0, 60.0, 3.0
"""Where what stands beside a picture begins, and how wide each half of it is."""

STEP, STEP_WIDE, STEP_HIGH, ACROSS = 32.0, 27.0, 10.6, 4
"""From one horizon to the next, how wide and high each is, and how many stand in a row."""

THIRD, FIGURES = HALF / 3, 9.6
AROUND = 14.0
"""What stands above and below a picture."""

MILLIMETRES = 25.4


class PdfNotInstalled(Problem):
    """The library that writes PDF is not installed; the message names the extra to install."""


def check_installed() -> None:
    """Check that the PDF library is installed.

    Raises:
        PdfNotInstalled: it is not.
    """
    try:
        import fpdf  # noqa: F401  only whether it is there
    except ImportError as error:
        raise PdfNotInstalled("a PDF of the morning mail needs fpdf2: pip install 'steel-assets[pdf]'") from error


def as_pdf(report: Report, language: str) -> bytes:
    """``report`` as a PDF.

    Raises:
        PdfNotInstalled: the PDF library is missing.
    """
    check_installed()
    from steel_assets.adapters.mail.paper import Paper

    words = MailWords(language)
    made = datetime.fromisoformat(f"{report.day}T{report.clock}").replace(tzinfo=ZoneInfo(report.zone))
    label = words("SIMULATED DATA") if report.simulated else ""
    closing = words("A forecast is a range, not a promise: nine prices in ten should lie in the 90 % interval.")
    paper = Paper(words("Steel prices, {0}", report.day), words.language, made, label, closing)
    _headline(paper, report, words)
    _changes(paper, report, words)
    _markets(paper, report, words)
    _misses(paper, report, words)
    return paper.written()


def _headline(paper: Paper, report: Report, words: MailWords) -> None:
    y = paper.get_y()
    paper.at(LEFT, y, WHOLE, words("Steel prices, {0}", report.day), size=17, bold=True, height=8)
    known = words("As known at {0} ({1})", report.clock, report.zone)
    paper.at(LEFT, y + 8.2, 120, known, size=8, color=PALE)
    if report.page:
        paper.at(LEFT, y + 8.2, WHOLE, words("Open the dashboard"), size=8, color="#a8380a", align="R")
        paper.link(LEFT + WHOLE - 40, y + 8.2, 40, 4, report.page)
    paper.set_y(y + 12.5)


def _changes(paper: Paper, report: Report, words: MailWords) -> None:
    paper.section(words("What changed since yesterday"))
    changes = wording.changes(report, words)
    for name, sentences in changes:
        paper.bullet(f"{name}:", _whole(sentences))
    if not changes:
        paper.bullet("", words("Nothing: no new price, no new forecast, no new model."))
    paper.section(words("Open alerts"))
    for alert in report.alerts:
        severity = capitalized(words(wording.SEVERITIES[alert.severity]))
        paper.bullet(f"{severity}:", f"{alert.titles[words.language]} ({words('since {0}', alert.since)})")
    if not report.alerts:
        paper.bullet("", words("None."))


def _markets(paper: Paper, report: Report, words: MailWords) -> None:
    paper.section(words("Markets"), least=AROUND + LARGE)
    heading = " · ".join(words(text) for text in ("Days ahead", "Forecast", "90 % interval", "Model"))
    paper.at(LEFT, paper.get_y() - 5.2, WHOLE, _whole(heading), size=6.5, color=PALE, align="R")
    high = SMALL if sum(market.forecast is not None for market in report.markets) > FEW else LARGE
    for region, markets in wording.by_region(report, words):
        for place, market in enumerate(markets):
            rows = -(-len(market.forecast.ahead) // ACROSS) if market.forecast else 1
            paper.room(AROUND + max(high, rows * STEP_HIGH + FIGURES))
            _market(paper, market, region if place == 0 else "", high, words)
    for name, problem in report.problems.items():
        paper.bullet("", words("{0} cannot be read: {1}", name, problem))


def _market(paper: Paper, market: MarketFacts, region: str, high: float, words: MailWords) -> None:
    """One market: its price, its picture of height ``high``, and beside it forecasts, odds, results and ages."""
    y = paper.get_y()
    if region:
        paper.at(LEFT, y, WHOLE, region, size=6.5, color=PALE)
        y += 3.6
    _price(paper, market, y, words)
    y += 4.6
    if market.forecast is None:
        paper.at(LEFT, y, WHOLE, words("No forecast yet."), color=PALE)
        paper.set_y(y + 3.8)
    else:
        picture = fan(market, words, (PICTURE / MILLIMETRES, high / MILLIMETRES), titled=False)
        if picture is not None:
            paper.image(BytesIO(picture), LEFT, y, PICTURE, high, alt_text=wording.picture_text(market, words))
        below = _ahead(paper, market.forecast, market.frequency, y, words)
        ends = _odds(paper, market, below, words), _record(paper, market, below, words)
        paper.set_y(max(y + high, *ends) + 0.6)
    y = paper.get_y() + paper.several(LEFT, paper.get_y(), WHOLE, capitalized(wording.age(market, words)), size=6.5)
    paper.rule(y + 0.8)
    paper.set_y(y + 1.6)


def _price(paper: Paper, market: MarketFacts, y: float, words: MailWords) -> None:
    """The name, and at the right the newest price, its change and its day."""
    told = [(words.of(market.day, market.frequency), 7.0, False, PALE)]
    if market.change is not None:
        which = direction(market.change, 3)
        told.append((_whole(f"{ARROWS[which]}{signed_share(market.change)}"), 8.0, False, COLORS[which]))
    told.append((f"{price(market.price)} {market.unit}", 8.5, True, INK))
    right = LEFT + WHOLE
    for text, size, bold, color in told:
        paper.inked(size, bold=bold)
        wide = paper.get_string_width(text) + 0.1
        paper.at(right - wide, y, wide, text, size=size, bold=bold, color=color, height=4.2)
        right -= wide + 2.5
    paper.at(LEFT, y, right - LEFT, market.names[words.language], size=8.5, bold=True, height=4.2)


def _ahead(paper: Paper, forecast: MarketForecast, frequency: MarketFrequency, y: float, words: MailWords) -> float:
    """The forecast of each horizon in a column; return the y below them."""
    for place, step in enumerate(forecast.ahead):
        x, top = BESIDE + place % ACROSS * STEP, y + place // ACROSS * STEP_HIGH
        span = words.span(step.horizon, frequency)
        paper.at(x, top, STEP_WIDE, span, size=6.5, color=PALE)
        paper.inked(6.5)
        beside = paper.get_string_width(span) + 1
        paper.at(x + beside, top, STEP_WIDE - beside, price(step.price), size=8, bold=True, align="R")
        paper.at(x, top + 3.5, STEP_WIDE, f"{price(step.q05)} – {price(step.q95)}", size=6.8, align="R")
        paper.at(x, top + 6.7, STEP_WIDE, step.family.replace("_", " "), size=6.2, color=PALE, align="R")
    return y + -(-len(forecast.ahead) // ACROSS) * STEP_HIGH


def _odds(paper: Paper, market: MarketFacts, y: float, words: MailWords) -> float:
    """The odds; return the y below them, as ``_record`` and ``_figures`` do."""
    if market.odds is None and market.frequency != "daily":
        return y
    if market.odds is None:
        told = f"{words('Odds that matter')}: {words('cannot be told ({0})', market.no_odds)}"
        paper.rule(y + 0.2, BESIDE, HALF)
        return y + 0.7 + paper.several(BESIDE, y + 0.7, HALF, told, size=6)
    odds, move = market.odds, share(market.odds.move, 0)
    about = f"{words('Odds that matter')}: {words('than {0}, by {1}', price(odds.last), odds.until)}"
    figures = [
        (words("Higher"), share(odds.higher, 0)),
        (words("Once +{0}", move), share(odds.risen, 0)),
        (words("Once −{0}", move), share(odds.fallen, 0)),
    ]
    return _figures(paper, BESIDE, y, about, figures)


def _record(paper: Paper, market: MarketFacts, y: float, words: MailWords) -> float:
    if market.record is None:
        return y
    record, x = market.record, BESIDE + HALF + GAP
    about = f"{words('Right and wrong, the last seven days')}: {wording.verdict(market, words)}"
    figures = [
        (words("Inside 90 %"), words("{0} of {1}", record.inside, record.scored)),
        (words("Mean error"), share(record.error, 2)),
        (words("Last price’s"), share(record.last_price_error, 2)),
    ]
    return _figures(paper, x, y, about, figures)


def _figures(paper: Paper, x: float, y: float, about: str, figures: list[tuple[str, str]]) -> float:
    """Three figures below their names and a heading; return the y below them."""
    paper.rule(y + 0.2, x, HALF)
    paper.at(x, y + 0.5, HALF, about, size=6, color=PALE, height=3)
    for place, (name, figure) in enumerate(figures):
        paper.at(x + THIRD * place, y + 3.4, THIRD, _whole(name), size=5.8, color=PALE, height=2.8)
        paper.at(x + THIRD * place, y + 6, THIRD, _whole(figure), size=7.5, bold=True)
    return y + FIGURES


def _misses(paper: Paper, report: Report, words: MailWords) -> None:
    """Forecasts whose price was outside the interval, or a sentence that none could be judged."""
    told = [(f"{words('Outside')}:", sentence) for sentence in wording.misses(report, words)]
    if not any(market.record for market in report.markets):
        told = [("", words("No forecast whose day came in these days."))]
    if told:
        paper.section(words("Right and wrong, the last seven days"))
    for lead, sentence in told:
        paper.bullet(lead, _whole(sentence))


def _whole(text: str) -> str:
    """``text`` without line breaks between a number and its sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")
