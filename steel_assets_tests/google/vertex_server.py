"""Vertex AI's REST interface as far as the platform uses it, over the tables of the BigQuery server beside it.

Served: tabular datasets, AutoML training pipelines of tables, batch predictions from a table into a new one; each is under way
for as many looks as ``looks`` says. Its model is the mean of each column's own least squares. Refused: everything else, and what
the service's documentation says it refuses.
"""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
from starlette.applications import Starlette

from steel_assets_tests.google.bigquery_server import BigQueryServer, Result
from steel_assets_tests.google.faults import Faults, NotServed, Refusal
from steel_assets_tests.google.serving import Call, application, route

PARENT = "/v1/projects/{project}/locations/{location}"
TABLE = re.compile(r"bq://([a-z0-9-]+)\.([A-Za-z0-9_]+)\.([A-Za-z0-9_]+)")


class VertexServer:
    """What was made, by kind.

    Attributes:
        url: where it answers, once it runs.
        looks: so often what is under way is looked at before it is over; 0: it is over at once.
        failing: the message with which the next training fails.
        forgets: whether batch predictions leave out their last row.
    """

    def __init__(self, bigquery: BigQueryServer) -> None:
        self.url = ""
        self.bigquery = bigquery
        self.faults = Faults()
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self.looks, self.failing, self.forgets = 2, "", False
        self.made: dict[str, dict[str, dict[str, Any]]] = {"datasets": {}, "trainingPipelines": {}, "batchPredictionJobs": {}}
        self.models: dict[str, tuple[list[str], np.ndarray]] = {}
        self._left: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def app(self) -> Starlette:
        routes = [
            route(f"{PARENT}/{kind}", method, answer, self.faults)
            for kind, make in (
                ("datasets", self._dataset),
                ("trainingPipelines", self._training),
                ("batchPredictionJobs", self._prediction),
            )
            for method, answer in (("POST", make), ("GET", self._list))
        ]
        looks = [
            route(f"{PARENT}/{kind}/{{number}}", "GET", self._look, self.faults)
            for kind in ("trainingPipelines", "batchPredictionJobs")
        ]
        return application([*routes, *looks], self.faults)

    def _keep(self, call: Call, body: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
        kind = call.url.rpartition("/")[2]
        name = f"projects/{call.names['project']}/locations/{call.names['location']}/{kind}/{next(self._numbers)}"
        created = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        self.made[kind][name] = {**body, "name": name, "createTime": created, **more}
        self._left[name] = self.looks
        return self.made[kind][name]

    def _list(self, call: Call) -> dict[str, Any]:
        kind = call.url.rpartition("/")[2]
        wanted = re.fullmatch(r'display_name="([\w-]+)"', call.query.get("filter", ""))
        if wanted is None:
            raise NotServed("a list without a display name")
        return {kind: [resource for resource in self.made[kind].values() if resource["displayName"] == wanted[1]]}

    def _look(self, call: Call) -> dict[str, Any]:
        kind, name = call.url.split("/")[-2], call.url.partition("/v1/")[2]
        if name not in self.made[kind]:
            raise Refusal(404, f"{name} was not found", "notFound")
        self._left[name] -= 1
        if self._left[name] <= 0 and self.made[kind][name]["state"].endswith(("PENDING", "RUNNING")):
            (self._train if kind == "trainingPipelines" else self._predict)(self.made[kind][name])
        return self.made[kind][name]

    def _dataset(self, call: Call) -> dict[str, Any]:
        body = call.json()
        self._rows(body["metadata"]["inputConfig"]["bigquerySource"]["uri"])
        made = self._keep(call, body, {})
        kind = {"@type": "type.googleapis.com/google.cloud.aiplatform.v1.Dataset"}
        return {"name": f"{made['name']}/operations/1", "done": True, "response": kind | made}

    def _training(self, call: Call) -> dict[str, Any]:
        body = call.json()
        inputs = body["trainingTaskInputs"]
        if not body["trainingTaskDefinition"].endswith("/automl_tabular_1.0.0.yaml"):
            raise NotServed(f"training {body['trainingTaskDefinition']}")
        if inputs["predictionType"] != "regression" or inputs["optimizationObjective"] not in ("minimize-rmse", "minimize-mae"):
            raise Refusal(400, "optimizationObjective does not fit predictionType", "invalid")
        if not 1_000 <= float(inputs["trainBudgetMilliNodeHours"]) <= 72_000:
            raise Refusal(400, "trainBudgetMilliNodeHours must be between 1,000 and 72,000", "invalid")
        made = self._keep(call, body, {"state": "PIPELINE_STATE_RUNNING"})
        if not self.looks:
            self._train(made)
        return made

    def _train(self, job: dict[str, Any]) -> None:
        if self.failing:
            job.update(state="PIPELINE_STATE_FAILED", error={"code": 3, "message": self.failing})
            self.failing = ""
            return
        inputs, config = job["trainingTaskInputs"], job["inputDataConfig"]
        dataset = next(dataset for name, dataset in self.made["datasets"].items() if name.endswith(f"/{config['datasetId']}"))
        rows = self._rows(dataset["metadata"]["inputConfig"]["bigquerySource"]["uri"])
        if len(rows) < 1_000:
            job.update(state="PIPELINE_STATE_FAILED", error={"code": 3, "message": f"{len(rows)} rows, at least 1000 are needed"})
            return
        learned = rows[rows[config["predefinedSplit"]["key"]].isin(["training", "validation"])]
        columns = [column["numeric"]["columnName"] for column in inputs["transformations"]]
        features, said = learned[columns].fillna(0.0).to_numpy(), learned[inputs["targetColumn"]].to_numpy()
        slopes = (features * said[:, None]).sum(axis=0) / np.maximum((features**2).sum(axis=0), 1e-12)
        model = job["name"].replace("trainingPipelines", "models")
        self.models[model] = columns, slopes / len(columns)
        job.update(state="PIPELINE_STATE_SUCCEEDED", modelToUpload={**job["modelToUpload"], "name": model})

    def _prediction(self, call: Call) -> dict[str, Any]:
        body = call.json()
        if body["model"] not in self.models:
            raise Refusal(404, f"Model {body['model']} was not found", "notFound")
        if body["inputConfig"]["instancesFormat"] != "bigquery" or body["outputConfig"]["predictionsFormat"] != "bigquery":
            raise NotServed("other formats than bigquery")
        made = self._keep(call, body, {"state": "JOB_STATE_RUNNING"})
        if not self.looks:
            self._predict(made)
        return made

    def _predict(self, job: dict[str, Any]) -> None:
        rows = self._rows(job["inputConfig"]["bigquerySource"]["inputUri"])
        columns, slopes = self.models[job["model"]]
        said = rows[columns].fillna(0.0).to_numpy() @ slopes
        project, dataset = job["outputConfig"]["bigqueryDestination"]["outputUri"].removeprefix("bq://").split(".")
        table = f"predictions_{job['name'].rpartition('/')[2]}"
        value = {"name": "value", "type": "FLOAT", "mode": "NULLABLE"}
        fields = [
            {"name": "row", "type": "INTEGER", "mode": "NULLABLE"},
            {"name": "predicted_said", "type": "RECORD", "mode": "NULLABLE", "fields": [value]},
        ]
        cells = [
            {"f": [{"v": str(row)}, {"v": {"f": [{"v": repr(float(value))}]}}]}
            for row, value in zip(rows["row"], said, strict=True)
        ][::-1]
        self.bigquery.results[project, dataset, table] = Result(fields, cells[1:] if self.forgets else cells)
        told = {"bigqueryOutputDataset": f"bq://{project}.{dataset}", "bigqueryOutputTable": table}
        job.update(state="JOB_STATE_SUCCEEDED", outputInfo=told)

    def _rows(self, uri: str) -> Any:
        place = TABLE.fullmatch(uri)
        if place is None:
            raise Refusal(400, f"{uri} is no table", "invalid")
        return self.bigquery.held.rows.table(self.bigquery.held.table(*place.groups()).quoted).df()
