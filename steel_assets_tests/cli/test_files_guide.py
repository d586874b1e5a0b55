"""Each command of docs/files.md, on a small file of the shape it is for (figures invented)."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from steel_assets.bootstrap import Platform
from steel_assets.catalog import load_catalog
from steel_assets.cli.main import app
from steel_assets.settings import Settings
from steel_assets_tests.sources.workbooks import xlsx

GUIDE = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
COMMANDS = re.findall(r"`steel import ([^`]+)`", GUIDE)
DAYS = [date(2024, 3, 13), date(2024, 3, 14)]
MONTHS = ["2024-01-01", "2024-02-01"]

SERIES = """
series:
  - {id: my_rebar, name: a, unit: USD/t}
  - {id: my_rebar_m01, name: a, unit: USD/t}
  - {id: my_rebar_m02, name: a, unit: USD/t}
  - {id: my_scrap, name: a, unit: USD/t}
  - {id: my_coil, name: a, unit: USD/short_ton}
  - {id: rebar_cny, name: a, unit: CNY/t}
  - {id: shfe_rb, name: a, unit: CNY/t, calendar: XSHG, published: {zone: Asia/Shanghai}}
  - {id: billet_eur, name: a, unit: EUR/t}
  - {id: rod_mxn, name: a, unit: MXN/t}
  - {id: usdmxn_fix, name: a, unit: MXN/USD}
  - {id: rate_10y, name: a, unit: percent}
  - {id: iron_ore_monthly, name: a, unit: USD/t, frequency: monthly}
  - {id: coil_monthly, name: a, unit: USD/t, frequency: monthly}
  - {id: ppi_monthly, name: a, unit: index, frequency: monthly}
  - {id: uncertainty_monthly, name: a, unit: index, frequency: monthly}
"""

FILES: dict[str, bytes] = {
    "lme.xlsx": xlsx(
        {
            "Cover": [("LME Steel Rebar", None)],
            "Prices": [("Settlement prices, USD/t",), (), ("Date", "M01", "M02"), (DAYS[0], 605.5, 607), (DAYS[1], 604, 606)],
        }
    ),
    "lme.yaml": b"columns: {M01: my_rebar_m01, M02: my_rebar_m02}\n",
    "shfe.csv": ("日期,开盘价,收盘价,成交量\n2024-03-13,3520,3512,1200000\n2024-03-14,3512,3498,9\n".encode("gb18030")),
    "investing_en.csv": b'"Date","Price","Open","High","Low","Vol.","Change %"\n'
    b'"03/14/2024","1,009.00","998.00","9","9","0.10K","-0.4%"\n'
    b'"03/13/2024","1,012.50","998.00","9","9","0.05K","0.40%"\n',
    "investing_es.csv": '\ufeff"Fecha","Último","Apertura","Vol.","% var."\n"14.03.2024","1.009,00","9,00","1,21M","-0,40%"\n'
    '"13.03.2024","1.012,50","9,00","985,30K","0,40%"\n'.encode(),
    "yfinance.csv": b"Price,Close,High\nTicker,HRC=F,HRC=F\nDate,,\n2024-03-13,1012.5,1015.0\n2024-03-14,1009.0,1014.0\n",
    "pink_sheet.xlsx": xlsx(
        {
            "AFOSHEET": [("About",)],
            "Monthly Prices": [
                ("World Bank Commodity Price Data (The Pink Sheet)",),
                ("monthly prices in nominal US dollars, 1960 to present",),
                (),
                ("Updated on April 02, 2024",),
                (None, "Crude oil, average", "Iron ore, cfr spot"),
                (None, "($/bbl)", "($/dmtu)"),
                ("2024M01", 77.7, 135.7),
                ("2024M02", 80.1, 124.4),
            ],
        }
    ),
    "banxico.csv": "Banco de México\nTipos de cambio diarios\n\nFecha de consulta: 15/03/2024\nTítulo,Fix\n\n"
    "Fecha,SF43718\n12/03/2024,N/E\n"
    "13/03/2024,16.7545\n14/03/2024,16.6939\n".encode("latin-1"),
    "inegi.csv": "Índice nacional de precios productor\nPeriodo,Alambrón,Varilla\n2024/01,101.2,133.555\n"
    "2024/02,101.9,133.681\nFuente: INEGI\n".encode("latin-1"),
    "fredgraph.csv": b"observation_date,DGS10\n2024-03-12,.\n2024-03-13,4.19\n2024-03-14,4.29\n",
    "uncertainty.xlsx": xlsx(
        {
            "EPU": [
                ("Year", "Month", "GEPU_current", "GEPU_ppp"),
                (2024, 1, 220.5, 9),
                (2024, 2, 199.1, 9),
                ("Notes: GDP weights", None, None, None),
            ]
        }
    ),
    "platts.csv": b"Symbol,Description,Assess Date,Bate,Value\nTSCRP00,HMS CFR Turkey,03/13/2024,c,382.5\n"
    b"TSCRP00,HMS CFR Turkey,03/13/2024,h,385\n"
    b"STBLA00,Billet,03/13/2024,c,505\nTSCRP00,HMS CFR Turkey,03/14/2024,c,381\n",
    "argus.csv": b"Argus Metal Prices\n\nDate;Low;High;Mid\n13-Mar-2024;600.0;610.0;605.0\n14-Mar-2024;598.5;609.5;604.0\n",
    "cru.xlsx": xlsx(
        {
            "Prices": [
                ("CRU Steel Monitor",),
                ("", "HR coil, USA", "Rebar, Italy"),
                ("", "US$/t", "US$/t"),
                ("Jan-24", 1150, 9),
                ("Feb-24", 980, 9),
            ]
        }
    ),
    "sap.txt": "Einkaufsbelege\n\nBelegdatum;Material;Nettopreis;Währg\n13.03.2024;Knüppel;1.012,50;EUR\n"
    "13.03.2024;Schrott;345,00;EUR\n"
    "14.03.2024;Knüppel;987,25;EUR\n".encode("cp1252"),
    "bloomberg.xlsx": xlsx(
        {
            "Worksheet": [
                ("Security", "HRC1 Comdty"),
                ("Start Date", "3/1/2024"),
                (),
                ("Date", "PX_LAST"),
                (DAYS[1], 1009),
                (DAYS[0], 1012.5),
                (date(2024, 3, 12), "#N/A N/A"),
            ]
        }
    ),
    "metastock.txt": b"<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
    b"HR.F,D,20240313,000000,9,9,9,1012.5,42,0\n"
    b"HR.F,D,20240314,000000,9,9,9,1009,37,0\n",
    "tradingview.csv": b"time,open,high,low,close,Volume\n1710288000,9,9,9,1012.5,42\n1710374400,9,9,9,1009,37\n",
    "te.csv": b"Country,Category,DateTime,Value,Frequency\nChina,Steel,2024-03-13T00:00:00,3505.5,Daily\n"
    b"China,Steel,2024-03-14T00:00:00,3498,Daily\n",
    "mysteel.csv": (
        "指标名称,螺纹钢:HRB400:上海\n单位,元/吨\n频度,日\n2024-03-13,3850\n2024-03-14,3830\n数据来源:我的钢铁网,\n"
    ).encode("gb18030"),
    "buyer.xlsx": xlsx(
        {
            "viejo": [("Fecha", "Precio"), (DAYS[0], 1)],
            "Compras": [
                ("Precios de alambrón - Depto. de Compras",),
                (),
                ("Fecha", "Precio", "Proveedor"),
                ("13/03/2024", "$16,900.00", "A"),
                ("14/03/2024", "$17,050.50", "B"),
                (),
                ("Nota: L.A.B. planta",),
            ],
        },
        hidden=["viejo"],
    ),
    "export.xls": b"<html><head><meta charset=utf-8></head><body><table><tr><th>Date</th><th>Price</th></tr>"
    b"<tr><td>13 Mar 2024</td><td>1,012.50</td></tr><tr><td>14 Mar 2024</td><td>1,009.00</td></tr></table></body></html>",
    "crosstab.csv": b"Year,Jan,Feb,Mar\n2024,133.555,133.681,\n",
    "bare.csv": b"2024-03-13,1012.5\n2024-03-14,1009\n",
    "long.csv": b"date,commodity,price\n2024-03-13,rebar,605.5\n2024-03-13,scrap,382\n2024-03-14,rebar,604\n"
    b"2024-03-14,scrap,381\n",
    "long.yaml": b"series_column: commodity\nseries: {rebar: my_rebar, scrap: my_scrap}\n",
    "cents.csv": b"date,close\n2024-03-13,101250\n2024-03-14,100900\n",
    "parts.csv": b"Y,M,P,Q\n2024,Jan,1150,1\n2024,Feb,980,2\n",
}

READ: dict[str, list[float]] = {
    "shfe_rb": [3512, 3498],
    "my_coil": [1012.5, 1009],
    "iron_ore_monthly": [135.7, 124.4],
    "usdmxn_fix": [16.7545, 16.6939],
    "ppi_monthly": [133.555, 133.681],
    "rate_10y": [4.19, 4.29],
    "uncertainty_monthly": [220.5, 199.1],
    "billet_eur": [1012.5, 987.25],
    "rebar_cny": [3850, 3830],
    "rod_mxn": [16900, 17050.5],
    "coil_monthly": [1150, 980],
    "my_rebar_m01": [605.5, 604],
}
"""What a command for this series reads, where all files of it say the same."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine" / "series").mkdir(parents=True)
    (tmp_path / "mine" / "series" / "mine.yaml").write_text(SERIES)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    pd.DataFrame({"date": pd.to_datetime(DAYS), "price": [605.5, 604.0]}).to_parquet(tmp_path / "prices.parquet")
    monkeypatch.chdir(tmp_path)
    parts = Platform(Settings(home=tmp_path / "home", sources="files"), load_catalog(tmp_path / "mine"))
    monkeypatch.setattr("steel_assets.cli.import_file.platform", lambda: parts)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_for_a_source_reads_a_file_of_its_shape(folder: Path, command: str) -> None:
    done = CliRunner().invoke(app, ["import", *shlex.split(command), "--preview", "--json"])
    assert done.exit_code == 0, (done.output, done.exception)
    told = json.loads(done.stdout)
    for name, series in told["series"].items():
        days = [day for day, _ in series["first_rows"]]
        assert days == (MONTHS if name.endswith("_monthly") else [f"{day}" for day in DAYS]), told
        if name in READ:
            assert [value for _, value in series["first_rows"]] == READ[name], told
    assert not list((folder / "home").rglob("*.parquet"))


def test_there_are_at_least_twenty_sources_and_each_file_is_used() -> None:
    assert len(COMMANDS) >= 20
    assert {word for command in COMMANDS for word in shlex.split(command)} >= set(FILES)
