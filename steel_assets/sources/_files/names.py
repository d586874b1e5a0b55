"""Names of months, weekdays and usual columns in English, Spanish, Portuguese, German, Turkish, French and Italian.

Without accents. Any prefix of three or more letters is accepted if it means one month in all of these languages.
"""

from __future__ import annotations

import re
import unicodedata


def words(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


MONTHS = (
    "january february march april may june july august september october november december",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janner feber maerz april mai juni juli august september oktober november dezember",
    "ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
)
SHORT_MONTHS = {"mrz": 3, "mzo": 3}
WEEKDAYS = words(
    """monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday sat sunday sun
    lunes lun martes miercoles mie jueves jue viernes vie sabado sab domingo dom
    segunda seg terca ter quarta qua quinta qui sexta sex feira
    montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sa sonnabend sonntag so
    pazartesi pzt sali sal carsamba car persembe per cuma cum cumartesi cmt pazar paz
    lundi mardi mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim
    lunedi martedi mercoledi giovedi gio venerdi sabato domenica"""
)
CHINESE_QUARTER = re.compile(r"\s*第?\s*([一二三四1-4])\s*季度?")
CHINESE_WEEKDAY = re.compile(r"(?:星期|周|礼拜)[一二三四五六日天]")


def _beginnings() -> dict[str, int]:
    meanings: dict[str, set[int]] = {name: {month} for name, month in SHORT_MONTHS.items()}
    for language in MONTHS:
        for month, name in enumerate(language.split(), start=1):
            for length in range(3, len(name) + 1):
                meanings.setdefault(name[:length], set()).add(month)
    return {name: min(months) for name, months in meanings.items() if len(months) == 1}


MONTH_OF = _beginnings()
"""Prefix of a name → month."""


def plain(text: str) -> str:
    """``text`` in lower case and without accents; Chinese signs of a date become separators."""
    text = CHINESE_WEEKDAY.sub(" ", unicodedata.normalize("NFKC", text))
    text = CHINESE_QUARTER.sub(lambda match: f" q{'一二三四'.find(match[1]) + 1 or match[1]}", text)
    text = re.sub(r"(?<=[0-9])\s*[年月]\s*(?=[0-9])", "-", text)
    text = re.sub(r"(?<=[0-9])\s*[年月日号]", " ", text)
    text = unicodedata.normalize("NFKD", text.replace("ı", "i").casefold())
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


DATE_NAMES = _names(
    """date, period, day, datetime, timestamp, trade date, tradedate, trading day, trading date, observation date, obs date,
    price date, assess date, assessment date, as of date, settlement date, value date, dates, exchange date, time period, ds,
    fecha, fechas, fecha de observacion, periodo, periodos, data, datum, tag, tarih, 日期, 时间, 交易日期, 交易日, 报价日期,
    date time, date/time, week, week ending, semana, time"""
)
VALUE_NAMES = _names(
    """value, close, price, settle, settlement, settlement price, last, last price, px last, px settle, obs value,
    valor, precio, cierre, ultimo, preco, fechamento, schluss, schlusskurs, zuletzt, preis, kapanis, fiyat, simdi,
    zamkniecie, 收盘价, 收盘, 价格, 最新价, 结算价, mid, midpoint, average"""
)
"""Of open, high, low, close and settle, close is read."""

YEAR_NAMES = words("year ano jahr yil annee anno 年 年份 yr")
MONTH_NAMES = words("month mes monat ay mois mese 月 月份 period periodo")
QUARTER_NAMES = words("quarter quarters qtr trimestre trim quartal ceyrek 季度")
DAY_NAMES = words("day dia tag gun jour giorno 日")

KIND_NAMES = words(
    """commodity product item grade region country market unit currency indicator variable material
    producto mercancia concepto moneda unidad pais mercado produkt ware wahrung einheit artikel
    produto mercadoria moeda unidade urun birim 品种 产品 品名 商品 地区 规格 钢厂 单位"""
)
"""Columns that say what a price is of, or in; with several values in them, a file holds several series."""

LABEL_NAMES = words("symbol ticker instrument series code contract simbolo clave serie contrato 代码 合约")
"""Columns of labels, which may change within one series."""


def alike(name: object) -> str:
    """A name without case, accents, brackets and underscores: ``<DATE>`` and ``Trade_Date`` are ``date`` and ``trade date``."""
    text = plain(str(name)) if len(str(name)) < 100 else ""
    return re.sub(r"[\s_]+", " ", text).strip(" <>[]:*\"'\ufeff")
