"""The words of alerts that belong to no rule, in English and Spanish. Those of the rules are in the catalogue."""

from __future__ import annotations

from steel_assets.core.alerts.written import LANGUAGES, Language

WORDS: dict[str, tuple[str, str]] = {
    "escalated": ("Worse: ", "Peor: "),
    "grown": ("Also: ", "También: "),
    "reminder": ("Still open: ", "Sigue abierto: "),
    "unanswered": ("Nobody has answered: ", "Nadie ha respondido: "),
    "recovered": ("Over: ", "Terminó: "),
    "low": ("low", "baja"),
    "medium": ("medium", "media"),
    "high": ("high", "alta"),
    "critical": ("critical", "crítica"),
    "simulated": ("SIMULATED DATA", "DATOS SIMULADOS"),
    "repeat": (
        "Sent again after an interruption: you may have it already.",
        "Enviado otra vez tras una interrupción: quizá ya lo tiene.",
    ),
    "footer": (
        "Steel Assets. `steel alerts silence` holds messages back during maintenance.",
        "Steel Assets. `steel alerts silence` retiene los mensajes durante el mantenimiento.",
    ),
    "more_messages": ("and {0} more: `steel alerts list --history`", "y {0} más: `steel alerts list --history`"),
    "digest": ("{0} alerts: {1}", "{0} alertas: {1}"),
    "over_count": ("{0} over", "{0} terminadas"),
    "and_more": ("{0} (and {1} more)", "{0} (y {1} más)"),
    "look": ("Open in Dagster", "Abrir en Dagster"),
    "page": ("Open the page", "Abrir la página"),
    "acknowledge": ("I look after it", "Yo me encargo"),
    "unsubscribe": ("Stop this watch", "Quitar este aviso"),
    "do": ("Do", "Haga"),
    # Labels of what a message says.
    "what": ("What", "Qué"),
    "new": ("New", "Nuevo"),
    "along": ("Takes along", "Arrastra"),
    "still": ("Also open", "También abierto"),
    "ended": ("Over", "Terminó"),
    "since": ("Since", "Desde"),
    "how_bad": ("How bad", "Gravedad"),
    "tried": ("What was tried", "Qué se intentó"),
    "to_do": ("What to do", "Qué hacer"),
    "detail": ("Detail", "Detalle técnico"),
    "looks_after": ("Looked after by", "Se encarga"),
    # How bad, and for how long.
    "was": ("it was {0}", "fue {0}"),
    "now_limit": ("{0}: now {1}, the limit is {2}", "{0}: ahora {1}, el límite es {2}"),
    "at_worst": ("{0}; at worst {1}", "{0}; en el peor momento {1}"),
    "lasted": ("{0}, lasted {1}", "{0}, duró {1}"),
    "for": ("{0}, for {1}", "{0}, desde hace {1}"),
    "nothing": ("Nothing: it is over.", "Nada: ya terminó."),
    # Who is affected by series that bring nothing.
    "older_prices": ("{0} are forecast from older prices", "{0} se pronostican con precios anteriores"),
    "older_price": ("{0} is forecast from an older price", "{0} se pronostica con un precio anterior"),
    "nothing_new": ("{0} get no new forecast", "{0} no reciben pronóstico nuevo"),
    "nothing_new_1": ("{0} gets no new forecast", "{0} no recibe pronóstico nuevo"),
    "only_drivers": ("no price is missing, only indicators of {0}", "no falta ningún precio, solo indicadores de {0}"),
    "no_market": ("no market needs it", "ningún mercado lo necesita"),
    "others": ("the others are not affected", "los demás no se afectan"),
    "every": ("every market", "todos los mercados"),
    # What was tried.
    "tried_collected": (
        "It was asked again several times, with pauses; its last good figures stand in, with their age.",
        "Se le preguntó varias veces, con pausas; sus últimas cifras buenas suplen, con su fecha.",
    ),
    "tried_failed_run": (
        "A run that died is started again by itself; this is the last attempt.",
        "Una ejecución que muere se reinicia sola; este es el último intento.",
    ),
    "tried_retrains": (
        "A retraining is launched, at most one in some days; what it trains is promoted only if it is better.",
        "Se lanza un reentrenamiento, a lo sumo uno cada varios días; lo que entrena se adopta solo si es mejor.",
    ),
    "tried_channel_down": (
        "It is tried again every few minutes; the other channels say everything meanwhile.",
        "Se reintenta cada pocos minutos; mientras, los otros canales lo dicen todo.",
    ),
    "tried_unanswered": ("It was told before, and nobody acknowledged it.", "Ya se avisó y nadie lo confirmó."),
    # What the platform does by itself.
    "daily_data_update": ("the daily update", "la actualización diaria"),
    "weekly_retraining": ("the weekly retraining", "el reentrenamiento semanal"),
    "morning_report": ("the morning mail", "el correo de la mañana"),
    "performance_monitoring": ("the six-hourly monitoring", "la vigilancia de cada seis horas"),
    "data_collection": ("the collection", "la recolección"),
    "wrap_up": ("the summing up of all markets", "el resumen de todos los mercados"),
    "stored_data_pipeline": ("the run on imported files", "la ejecución sobre archivos importados"),
    "a_run": ("the run {0}", "la ejecución {0}"),
    "scheduled": ("the schedule of {0}", "el horario de {0}"),
    "watching": ("the watch “{0}”", "la vigilancia «{0}»"),
    # Stages, by the asset that is one.
    "raw": ("the collection from {0}", "la recolección de {0}"),
    "market_daily": ("the daily prices", "los precios diarios"),
    "market_weekly": ("the weekly prices", "los precios semanales"),
    "market_monthly": ("the monthly prices", "los precios mensuales"),
    "data_quality": ("the assessment of the data", "la evaluación de los datos"),
    "market_features": ("the features", "las variables"),
    "market_analysis": ("the analysis of the past", "el análisis del pasado"),
    "candidate_models": ("the training", "el entrenamiento"),
    "validation_scores": ("the validation", "la validación"),
    "promotions": ("the promotion", "la adopción del modelo"),
    "forecasts": ("the forecast", "el pronóstico"),
    "explanations": ("the explanation of the forecast", "la explicación del pronóstico"),
    "publication": ("what the service answers from", "lo que el servicio responde"),
    "price_watches": ("the look at price watches", "la revisión de los avisos de precio"),
    "system_metrics": ("the platform's own figures", "las cifras de la propia plataforma"),
    "predictions_vs_reality": ("the comparison with what happened", "la comparación con lo ocurrido"),
    "metrics_daily": ("the measurement", "la medición"),
    "drift": ("the measurement of drift", "la medición de la deriva"),
    "alert_history": ("the history of alerts", "el historial de alertas"),
    "of_market": ("{0} of {1}", "{0} de {1}"),
    # Checks that have no words of their own.
    "acceptance_mape": ("acceptance by MAPE", "aceptación por MAPE"),
    "acceptance_r2": ("acceptance by R²", "aceptación por R²"),
    "acceptance_rmse": ("acceptance by RMSE", "aceptación por RMSE"),
    # Price watches: on which side, and the odds of what.
    "side_above": ("above", "arriba"),
    "side_below": ("below", "abajo"),
    "odds_by": ("at any close up to {0}", "en algún cierre hasta el {0}"),
    "odds_on": ("on {0}", "el {0}"),
    "odds_average": ("on average of {0}", "en el promedio de {0}"),
    # Channels.
    "slack": ("Slack", "Slack"),
    "email": ("e-mail", "correo"),
    "sms": ("text message", "mensaje de texto"),
    "webhook": ("the webhook", "el webhook"),
    "log": ("the log file", "el archivo de bitácora"),
    # Figures that may be unknown.
    "mape": ("The forecast error", "El error del pronóstico"),
    "mape_increase": ("The rise of the forecast error", "El aumento del error del pronóstico"),
    "drift_score": ("The drift", "La deriva"),
    "cost_daily": ("The cost of a day", "El costo de un día"),
    "budget_share": ("The share of the budget that is spent", "La parte gastada del presupuesto"),
    "latency_seconds": ("The time an answer takes", "El tiempo de una respuesta"),
    "error_rate": ("The share of requests that fail", "La parte de solicitudes que falla"),
    "downtime_share": ("The availability", "La disponibilidad"),
    "cpu_usage": ("The use of the processors", "El uso de los procesadores"),
    "memory_usage": ("The use of the memory", "El uso de la memoria"),
    "disk_usage": ("The use of the disk", "El uso del disco"),
    "this machine": ("this machine", "esta máquina"),
    "prediction service": ("the prediction service", "el servicio de pronósticos"),
}


def say(language: Language, key: str, *values: object) -> str:
    """The word or sentence ``key`` in ``language``, with ``values`` in its places."""
    text = WORDS[key][LANGUAGES.index(language)].format(*values)
    return text.replace(" de el ", " del ") if language == "es" else text


def called(language: Language, name: str) -> str:
    """What people call ``name``; itself where there is no other word for it."""
    return say(language, name) if name in WORDS else name.replace("_", " ")
