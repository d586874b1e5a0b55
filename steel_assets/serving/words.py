"""What the pages say, in English and Spanish. Figures and dates are formatted here too, alike in both (as in Mexico)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

LANGUAGES = {"en": "English", "es": "Español"}
NOTHING = "–"

MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Steel price forecasts", "Pronósticos del precio del acero"),
    "skip": ("Skip to the figures", "Ir a las cifras"),
    "simulated": ("SIMULATED DATA", "DATOS SIMULADOS"),
    "simulated_text": (
        "These prices are invented by a simulator. Never buy or sell on them.",
        "Un simulador inventó estos precios. No compre ni venda con ellos.",
    ),
    "open": (
        "No API key exists yet: this page is open to this machine only. Make one with",
        "Aún no existe ninguna clave: esta página solo se abre en esta máquina. Cree una con",
    ),
    "state_green": ("All is well", "Todo en orden"),
    "state_yellow": ("Needs attention", "Requiere atención"),
    "state_red": ("Something is wrong", "Algo está mal"),
    "state": ("State of the system", "Estado del sistema"),
    "incidents": ("Open incidents", "Incidentes abiertos"),
    "severity_low": ("low", "baja"),
    "severity_medium": ("medium", "media"),
    "severity_high": ("high", "alta"),
    "severity_critical": ("critical", "crítica"),
    "markets": ("Markets", "Mercados"),
    "language": ("Language", "Idioma"),
    "theme": ("Light or dark", "Claro u oscuro"),
    "log_out": ("Log out", "Salir"),
    "updated": ("Updated", "Actualizado"),
    "refreshes": ("refreshes by itself", "se actualiza sola"),
    "offline": ("The service does not answer; these figures are old.", "El servicio no responde; estas cifras no son actuales."),
    "next_day": ("Next business day", "Próximo día hábil"),
    "against_last": ("against the last price of", "frente al último precio del"),
    "interval": ("90 % interval", "Intervalo del 90 %"),
    "confidence": ("Confidence", "Confianza"),
    "issued": ("Issued", "Emitido"),
    "in_pesos": ("In pesos", "En pesos"),
    "rate": ("rate of", "tipo de cambio del"),
    "stale": ("out of date", "desactualizado"),
    "no_forecast": ("No forecast of this market was published yet.", "Aún no se publica ningún pronóstico de este mercado."),
    "fan": ("Price and forecast", "Precio y pronóstico"),
    "fan_note": (
        "Bands hold the price with 50 % and 90 % probability.",
        "Las bandas contienen el precio con 50 % y 90 % de probabilidad.",
    ),
    "horizon": ("Ahead", "Plazo"),
    "day_one": ("day", "día"),
    "day_many": ("days", "días"),
    "for_day": ("For", "Para el"),
    "forecast": ("Forecast", "Pronóstico"),
    "change": ("Change", "Cambio"),
    "model": ("Model", "Modelo"),
    "why": ("What moved the forecast", "Qué movió el pronóstico"),
    "why_note": (
        "How far each cause moved it from the last price. Causes to the right raise it, those to the left lower it.",
        "Cuánto lo alejó cada causa del último precio. Hacia la derecha lo suben, hacia la izquierda lo bajan.",
    ),
    "why_none": (
        "The forecast is the last price: nothing was found that moves it.",
        "El pronóstico es el último precio: no se halló nada que lo mueva.",
    ),
    "why_unknown": (
        "What moved this forecast was not recorded.",
        "No quedó registrado qué movió este pronóstico.",
    ),
    "cause": ("Cause", "Causa"),
    "moved_by": ("Moved by", "Efecto"),
    "others": ("{n} smaller causes", "{n} causas menores"),
    "driver_forward_curve": ("Forward curve", "Curva de futuros"),
    "driver_own_price": ("This price's own recent moves", "Movimientos recientes de este precio"),
    "driver_calendar": ("Time of the year", "Época del año"),
    "driver_volatility": ("How restless the market is", "Qué tan agitado está el mercado"),
    "driver_long_run_trend": ("Long-run trend", "Tendencia de largo plazo"),
    "driver_caution": ("Caution (limits on large moves)", "Prudencia (límites a movimientos grandes)"),
    "driver_other": ("Other", "Otros"),
    "change_title": ("Has the market changed?", "¿Ha cambiado el mercado?"),
    "change_lead": (
        "The newest days beside the years before, against how much they always differ. A warning, no verdict.",
        "Los últimos días junto a los años previos, según cuánto difieren siempre. Es un aviso, no un veredicto.",
    ),
    "no_drift": ("Drift was not measured yet.", "Aún no se mide la deriva."),
    "subject": ("What", "Qué"),
    "subject_all": ("All together", "Todo junto"),
    "subject_features": ("What the models read", "Lo que leen los modelos"),
    "subject_returns": ("Price moves", "Movimientos del precio"),
    "subject_errors": ("Forecast errors", "Errores del pronóstico"),
    "unlike": ("Further from the past than", "Más lejos del pasado que"),
    "unlike_note": ("share of its own earlier measurements", "porción de sus propias mediciones previas"),
    "verdict": ("Verdict", "Resultado"),
    "as_ever": ("as ever", "como siempre"),
    "drifted": ("changed since {day}", "cambió desde el {day}"),
    "drift_mark": ("changed", "cambió"),
    "drift_time": ("Drift over time", "Deriva en el tiempo"),
    "quality_title": ("How good were the forecasts?", "¿Qué tan buenos fueron los pronósticos?"),
    "quality_lead": (
        "Every forecast whose day has come, beside what happened and beside simply repeating the last price.",
        "Cada pronóstico cuyo día llegó, junto a lo ocurrido y junto a repetir el último precio.",
    ),
    "no_scores": (
        "The first forecast's day has not come yet; scores follow then.",
        "Aún no llega el día del primer pronóstico; entonces habrá calificaciones.",
    ),
    "mape": ("Mean error (MAPE)", "Error medio (MAPE)"),
    "last_price": ("Last price", "Último precio"),
    "skill": ("Gain over the last price", "Ventaja ante el último precio"),
    "rmse": ("RMSE", "RMSE"),
    "r2": ("R²", "R²"),
    "coverage": ("90 % interval held", "Intervalo del 90 % acertó"),
    "coverage_short": ("Coverage", "Cobertura"),
    "forecasts_scored": ("forecasts", "pronósticos"),
    "few": ("scored so far: {n}; too few to judge", "calificados: {n}; muy pocos para juzgar"),
    "reality": ("Forecast beside reality", "Pronóstico junto a la realidad"),
    "errors": ("Error over time", "Error en el tiempo"),
    "coverage_time": ("Coverage over time", "Cobertura en el tiempo"),
    "rolling": ("mean of the last {n} forecasts", "media de los últimos {n} pronósticos"),
    "drift": ("Trend of the error", "Tendencia del error"),
    "drift_note": ("recent MAPE less the year's", "MAPE reciente menos el del año"),
    "actual": ("Actual", "Real"),
    "error": ("Error", "Error"),
    "target": ("Target", "Meta"),
    "as_table": ("Show the figures as a table", "Ver las cifras en una tabla"),
    "models": ("Models in force", "Modelos en uso"),
    "since": ("Since", "Desde"),
    "version": ("Version", "Versión"),
    "history": ("Promotions and rollbacks", "Promociones y reversiones"),
    "promoted": ("promoted", "promovido"),
    "rejected": ("rejected", "rechazado"),
    "rolled_back": ("rolled back", "revertido"),
    "no_models": ("No model was promoted yet.", "Aún no se promueve ningún modelo."),
    "sources": ("Freshness of the sources", "Actualidad de las fuentes"),
    "source": ("Source", "Fuente"),
    "last_news": ("Last news", "Última novedad"),
    "never": ("never", "nunca"),
    "data_quality": ("Data quality of this market", "Calidad de datos de este mercado"),
    "series": ("Series", "Serie"),
    "newest": ("Newest", "Más reciente"),
    "score": ("Score", "Nota"),
    "critical": ("essential", "esencial"),
    "service": ("The service", "El servicio"),
    "latency": ("Latency, mean", "Latencia media"),
    "latency_p99": ("Latency, 99 % within", "Latencia, 99 % dentro de"),
    "throughput": ("Requests per minute", "Solicitudes por minuto"),
    "availability": ("Availability", "Disponibilidad"),
    "error_rate": ("Failed", "Fallidas"),
    "memory": ("Memory", "Memoria"),
    "cpu": ("Processor", "Procesador"),
    "last_day": ("last 24 hours of this process", "últimas 24 horas de este proceso"),
    "measured_soon": ("measured once a minute", "se mide cada minuto"),
    "costs": ("Cost", "Costo"),
    "cost_day": ("Last day", "Último día"),
    "cost_month": ("This month", "Este mes"),
    "projection": ("Projected month", "Mes proyectado"),
    "budget": ("Budget", "Presupuesto"),
    "estimate": ("an estimate, not a bill", "una estimación, no una factura"),
    "no_costs": ("No costs were measured yet.", "Aún no se miden costos."),
    "per_day": ("USD a day", "USD por día"),
    "ago_now": ("just now", "ahora mismo"),
    "ago_minutes": ("{n} min ago", "hace {n} min"),
    "ago_hours": ("{n} h ago", "hace {n} h"),
    "ago_days": ("{n} days ago", "hace {n} días"),
    "log_in": ("Log in", "Entrar"),
    "log_in_text": (
        "Enter an API key with the scope read. It stays in this browser for 12 hours, as a signed session.",
        "Escriba una clave con permiso de lectura. Queda 12 horas en este navegador, como sesión firmada.",
    ),
    "key": ("API key", "Clave de API"),
    "wrong_key": ("This key is not valid.", "Esta clave no es válida."),
    "documentation": ("API", "API"),
    "incident_no_forecast": ("{name}: no forecast was published yet", "{name}: aún no hay pronóstico publicado"),
    "incident_stale_forecast": (
        "{name}: the newest forecast was for {0}, which has passed",
        "{name}: el último pronóstico era para el {0}, que ya pasó",
    ),
    "incident_mape_increase": (
        "{name}, {0} days ahead: the error of the last forecasts is {1} above the year's (limit {2})",
        "{name}, a {0} días: el error reciente supera en {1} al del año (límite {2})",
    ),
    "incident_low_quality": ("{name}: data quality {0} is below {1}", "{name}: la calidad de datos {0} es menor que {1}"),
    "incident_latency_spike": (
        "A request takes {0} s on average (limit {1})",
        "Una solicitud tarda {0} s en promedio (límite {1})",
    ),
    "incident_error_rate": ("{0} of requests fail (limit {1})", "Falla el {0} de las solicitudes (límite {1})"),
    "incident_cost_daily": ("The last day cost {0} USD (limit {1})", "El último día costó {0} USD (límite {1})"),
    "incident_budget": (
        "{0} USD a month are projected, the budget is {1}",
        "Se proyectan {0} USD al mes, el presupuesto es {1}",
    ),
}


class Words:
    """One language: ``words("mape")``, and its dates."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._place = list(LANGUAGES).index(self.language)

    def __call__(self, key: str, *values: object, **named: object) -> str:
        text = WORDS[key][self._place]
        return text.format(*values, **named) if values or named else text

    def name(self, declared: Mapping[str, Any], field: str = "name") -> str:
        """What the catalogue calls something, in this language where it says so."""
        return str(declared.get(f"{field}_{self.language}") or declared[field])

    def has(self, key: str) -> bool:
        return key in WORDS

    def day(self, iso: str | None) -> str:
        """2026-11-21 → 21 Nov 2026."""
        if not iso:
            return NOTHING
        found = date.fromisoformat(iso[:10])
        return f"{found.day} {MONTHS[self.language][found.month - 1]} {found.year}"

    def moment(self, iso: str | None) -> str:
        """2026-11-21T08:00:00Z → 21 Nov 2026, 08:00 UTC."""
        return f"{self.day(iso)}, {iso[11:16]} UTC" if iso else NOTHING

    def ago(self, iso: str | None, now: float) -> str:
        """How long ago a moment was."""
        if not iso:
            return self("never")
        seconds = now - datetime.fromisoformat(iso).astimezone(UTC).timestamp()
        if seconds < 90:
            return self("ago_now")
        if seconds < 90 * 60:
            return self("ago_minutes", n=round(seconds / 60))
        return self("ago_hours", n=round(seconds / 3600)) if seconds < 48 * 3600 else self("ago_days", n=round(seconds / 86400))


def price(value: float | None) -> str:
    """571.25; thousands with a comma."""
    return NOTHING if value is None else f"{value:,.2f}"


def share(value: float | None, digits: int = 1) -> str:
    """0.0123 → 1.2 %."""
    return NOTHING if value is None else f"{100 * value:.{digits}f} %"


def signed_share(value: float | None, digits: int = 1) -> str:
    """0.0123 → +1.2 %."""
    if value is None:
        return NOTHING
    text = f"{100 * value:+.{digits}f} %".replace("-", "−")
    return text[1:] if float(text[1:-2]) == 0 else text


def signed(value: float | None, digits: int = 2) -> str:
    """1.5 → +1.50."""
    if value is None:
        return NOTHING
    text = f"{value:+,.{digits}f}".replace("-", "−")
    return text[1:] if float(text[1:].replace(",", "")) == 0 else text


def direction(value: float | None, digits: int = 2) -> str:
    """up, down, or nothing for what is shown as zero."""
    shown = round(value or 0.0, digits)
    return "up" if shown > 0 else "down" if shown < 0 else ""


def figure(value: float | None, digits: int = 2) -> str:
    """A plain figure."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def preferred(chosen: str | None, cookie: str | None, accepted: str) -> str:
    """The language to answer in: asked for, else remembered, else the browser's first that we speak."""
    for one in (chosen, cookie):
        if one in LANGUAGES:
            return str(one)
    for part in accepted.lower().split(","):
        language = part.partition(";")[0].strip()[:2]
        if language in LANGUAGES:
            return language
    return "en"
