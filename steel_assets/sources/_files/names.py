"""Names of months and weekdays in English, Spanish, Portuguese, German, Turkish, French and Italian, without accents.

Any beginning of three letters or more counts that means one month in all of these languages together.
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
"""Month by every beginning of its names."""


def plain(text: str) -> str:
    """``text`` in lower case and without accents; Chinese signs of a date become separators."""
    text = CHINESE_WEEKDAY.sub(" ", unicodedata.normalize("NFKC", text))
    text = CHINESE_QUARTER.sub(lambda found: f" q{'一二三四'.find(found[1]) + 1 or found[1]}", text)
    text = re.sub(r"(?<=[0-9])\s*[年月]\s*(?=[0-9])", "-", text)
    text = re.sub(r"(?<=[0-9])\s*[年月日号]", " ", text)
    text = unicodedata.normalize("NFKD", text.replace("ı", "i").casefold())
    return "".join(letter for letter in text if not unicodedata.combining(letter))
