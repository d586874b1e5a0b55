"""Names that columns of dates and of prices usually have, in the languages of ``names``; best first."""

from __future__ import annotations

import re

from steel_assets.sources._files.names import plain, words


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
"""A file of open, high, low, close and settle is read for its close."""

YEAR_NAMES = words("year ano jahr yil annee anno 年 年份 yr")
MONTH_NAMES = words("month mes monat ay mois mese 月 月份 period periodo")
QUARTER_NAMES = words("quarter quarters qtr trimestre trim quartal ceyrek 季度")
DAY_NAMES = words("day dia tag gun jour giorno 日")

KIND_NAMES = words(
    """commodity product item grade region country market unit currency indicator variable material
    producto mercancia concepto moneda unidad pais mercado produkt ware wahrung einheit artikel
    produto mercadoria moeda unidade urun birim 品种 产品 品名 商品 地区 规格 钢厂 单位"""
)
"""Columns that say what a price is of or in: a file with several values holds several series."""

LABEL_NAMES = words("symbol ticker instrument series code contract simbolo clave serie contrato 代码 合约")
"""Columns of labels, which may change within one series."""


def alike(name: object) -> str:
    """A name without case, accents, brackets and underscores: ``<DATE>`` and ``Trade_Date`` are ``date`` and ``trade date``."""
    text = plain(str(name)) if len(str(name)) < 100 else ""
    return re.sub(r"[\s_]+", " ", text).strip(" <>[]:*\"'\ufeff")
