"""The morning mail: one page to the readers of the channel ``email``, once a day. The asset exists only where it is set up."""

from collections.abc import Mapping

import dagster as dg

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.mail.pdf import PdfNotInstalled
from steel_assets.adapters.notifiers import Notifier
from steel_assets.adapters.notifiers.email import Email
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.metadata import listed
from steel_assets.assets.moment import Clock
from steel_assets.operations.mailing import NotMailed, mail_of, send
from steel_assets.operations.report import report

KEY = dg.AssetKey("morning_report")


def morning_report(here: Installation) -> dg.AssetsDefinition:
    """The asset that sends the morning mail."""

    @dg.asset(
        key=KEY,
        deps=[key_of(market, name) for market in here.catalog.markets for name in ("forecasts", "predictions_vs_reality")],
        description="The morning mail, sent over the channel `email`: what changed, forecasts, probabilities of price moves, the "
        "week's forecasts compared with what happened, the age of the data, open alerts. It is sent once a day; a repeated run "
        "sends nothing again. Before the first forecast the step fails and sends nothing.",
        **here.stage("report", "email"),
    )
    def mailed(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        outbox: dg.ResourceParam[Outbox],
        notifiers: dg.ResourceParam[dict[str, Notifier]],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        moment = clock.moment(context)
        incidents = outbox.alert_state().incidents
        found = report(here.catalog, lake, warehouse, incidents, moment, outbox.site)
        if not found.has_forecast:
            raise dg.Failure("no forecast is published yet, so nothing was sent", allow_retries=False)
        office = _office(notifiers)
        try:
            made_for = mail_of(found, office.sender, moment.to_pydatetime(), again=False, pdf=here.catalog.rules.report.pdf)
            done = send(lake.store, office, made_for, found.day, outbox.language, moment.to_pydatetime())
        except (NotMailed, PdfNotInstalled) as problem:
            raise dg.Failure(str(problem), allow_retries=False) from problem
        if done.left_out:
            raise dg.Failure(
                f"the mail was sent, but not to {'; '.join(f'{name}: {why}' for name, why in done.left_out.items())}",
                allow_retries=False,
            )
        told = {language: f"{count} now" for language, count in done.sent.items()}
        told |= {language: f"at {at:%Y-%m-%d %H:%M} UTC already" for language, at in done.before.items()}
        return dg.MaterializeResult(
            metadata={"day": found.day, "sent": listed(told), "simulated": found.simulated, "left out": listed(found.problems)}
        )

    return mailed


def _office(notifiers: Mapping[str, Notifier]) -> Email:
    found = notifiers.get("email")
    if not isinstance(found, Email):
        raise dg.Failure("the channel email is not configured; set STEEL_SMTP_HOST", allow_retries=False)
    return found
