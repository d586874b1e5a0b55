"""AutoML at Google: Vertex AI's tabular training from BigQuery, and batch predictions into it. It costs money.

Every training and prediction is named by a hash of its content; one that exists, or is running, is not bought again, so an
interrupted run is simply repeated. Rows are sent as columns without names, so their meaning is not disclosed. Tables of rows and
predictions stay in the dataset: while they exist, repeated requests cost nothing.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from steel_assets.adapters.google.errors import Diagnosis, explained
from steel_assets.core.automl import AutoMLError
from steel_assets.core.samples import Samples
from steel_assets.core.table_schema import Column, Table

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

    from steel_assets.adapters.google.clients import VertexClients
    from steel_assets.adapters.warehouse.bigquery import BigQueryWarehouse

TRAINING = "gs://google-cloud-aiplatform/schema/trainingjob/definition/automl_tabular_1.0.0.yaml"
TABULAR = "gs://google-cloud-aiplatform/schema/dataset/metadata/tabular_1.0.0.yaml"
FEWEST = 1_000
"""With fewer rows the service refuses to train."""
MOST_ASKED = 100_000
PARTS = (("training", 0.8), ("validation", 0.9), ("test", 1.0))
"""Shares of the rows, oldest first, for training, model selection, and measuring."""
LARGEST = 4.0
"""Returns are clipped to this many standard deviations, as for every family."""
REQUEST_SECONDS = 120.0
DONE = frozenset({"PIPELINE_STATE_SUCCEEDED", "JOB_STATE_SUCCEEDED"})
OVER = frozenset(
    {
        *("PIPELINE_STATE_FAILED", "PIPELINE_STATE_CANCELLED"),
        *("JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED", "JOB_STATE_PARTIALLY_SUCCEEDED"),
    }
)


@dataclass(frozen=True)
class Tariff:
    """Prices in USD: of a node hour of training, and of a batch prediction of any size."""

    node_hour_usd: float
    batch_usd: float


@dataclass(frozen=True)
class VertexAutoML:
    """The interface ``core/automl.py`` over Vertex AI.

    Attributes:
        location: region of Vertex AI; it must be able to read the dataset of ``warehouse``.
        node_hours: budget of one training, which the service does not exceed.
        pause_seconds: between two requests for the state of a job.
        wait_seconds: how long one training or prediction is waited for.
    """

    warehouse: BigQueryWarehouse
    connect: Callable[[], VertexClients]
    connect_bigquery: Callable[[str], Client]
    location: str
    node_hours: float
    tariff: Tariff
    pause_seconds: float = 60.0
    wait_seconds: float = 24 * 3600.0

    def cost_usd(self, searches: int, rows: int) -> float:
        """The whole budget of every training, and a batch prediction each, as if none existed yet."""
        batches = max(searches, math.ceil(rows / MOST_ASKED))
        return searches * self.node_hours * self.tariff.node_hour_usd + batches * self.tariff.batch_usd

    def predict(self, past: Samples, rows: Samples) -> np.ndarray:
        """Predictions for ``rows`` of a model trained on ``past`` only. Takes hours.

        Raises:
            AutoMLError: a training or prediction failed.
        """
        known = past.rows(past.labelled)
        if len(known) < FEWEST:
            raise AutoMLError(f"vertex: {len(known)} rows with a price on their target date, the service wants {FEWEST}")
        if not len(rows):
            return np.zeros(0)
        returns = np.clip(known.scaled_returns, -LARGEST, LARGEST)
        training = _digest(known.features, returns, np.array([self.node_hours]))
        batch = _digest(np.frombuffer(training.encode(), dtype=np.uint8), rows.features)
        with self._explained():
            clients = self.connect()
            model = self._trained(clients, f"steel_automl_{training}", known, returns)
            return self._predicted(clients, f"steel_automl_{batch}", model, rows)

    @property
    def _parent(self) -> str:
        return f"projects/{self.warehouse.project}/locations/{self.location}"

    def _trained(self, clients: VertexClients, name: str, known: Samples, returns: np.ndarray) -> str:
        """The resource name of the model of that name, which is trained now if it does not exist."""
        pipeline = self._there(clients.pipelines.list_training_pipelines, name)
        if pipeline is None:
            table = _table(name, known.features.shape[1], (Column("said", "float", "return"), Column("part", "string", "split")))
            shares = (np.arange(len(known)) + 1) / len(known)
            parts = [next(part for part, until in PARTS if share <= until) for share in shares]
            self.warehouse.upsert(table, _frame(known.features).assign(said=returns, part=parts))
            pipeline = clients.pipelines.create_training_pipeline(
                parent=self._parent,
                training_pipeline={
                    "display_name": name,
                    "training_task_definition": TRAINING,
                    "training_task_inputs": {
                        "targetColumn": "said",
                        "predictionType": "regression",
                        "optimizationObjective": "minimize-mae",
                        "trainBudgetMilliNodeHours": round(1000 * self.node_hours),
                        "transformations": [
                            {"numeric": {"columnName": column, "invalidValuesAllowed": True}}
                            for column in _frame(known.features[:1]).columns
                            if column != "row"
                        ],
                    },
                    "input_data_config": {"dataset_id": self._dataset(clients, name), "predefined_split": {"key": "part"}},
                    "model_to_upload": {"display_name": name},
                },
                timeout=REQUEST_SECONDS,
            )
        ended = self._ended(
            pipeline, lambda: clients.pipelines.get_training_pipeline(name=pipeline.name, timeout=REQUEST_SECONDS)
        )
        return str(ended.model_to_upload.name)

    def _dataset(self, clients: VertexClients, name: str) -> str:
        """The id of a tabular dataset over the table of that name."""
        found = self._there(clients.datasets.list_datasets, name)
        if found is None:
            made = clients.datasets.create_dataset(
                parent=self._parent,
                dataset={
                    "display_name": name,
                    "metadata_schema_uri": TABULAR,
                    "metadata": {"inputConfig": {"bigquerySource": {"uri": self._uri(name)}}},
                },
                timeout=REQUEST_SECONDS,
            )
            found = made.result(timeout=REQUEST_SECONDS)
        return str(found.name).rpartition("/")[2]

    def _predicted(self, clients: VertexClients, name: str, model: str, rows: Samples) -> np.ndarray:
        job = self._there(clients.jobs.list_batch_prediction_jobs, name)
        if job is None:
            self.warehouse.upsert(_table(name, rows.features.shape[1], ()), _frame(rows.features))
            job = clients.jobs.create_batch_prediction_job(
                parent=self._parent,
                batch_prediction_job={
                    "display_name": name,
                    "model": model,
                    "input_config": {"instances_format": "bigquery", "bigquery_source": {"input_uri": self._uri(name)}},
                    "output_config": {
                        "predictions_format": "bigquery",
                        "bigquery_destination": {"output_uri": f"bq://{self.warehouse.project}.{self.warehouse.dataset}"},
                    },
                },
                timeout=REQUEST_SECONDS,
            )
        ended = self._ended(job, lambda: clients.jobs.get_batch_prediction_job(name=job.name, timeout=REQUEST_SECONDS))
        place = f"{ended.output_info.bigquery_output_dataset.removeprefix('bq://')}.{ended.output_info.bigquery_output_table}"
        return self._read(place, len(rows))

    def _read(self, place: str, rows: int) -> np.ndarray:
        """The predictions in a table of the service, in order of their rows; each row once, and finite."""
        client = self.connect_bigquery(self.warehouse.project)
        found: dict[int, float] = {}
        for row in client.list_rows(client.get_table(place, timeout=REQUEST_SECONDS), timeout=REQUEST_SECONDS):
            found[int(row["row"])] = float(row["predicted_said"]["value"])
        said = np.array([found.get(number, np.nan) for number in range(rows)])
        if len(found) != rows or not np.isfinite(said).all():
            raise AutoMLError(
                f"vertex: of {rows} rows {int(np.isfinite(said).sum())} were answered in {place}; look at the table of errors "
                "beside it. Nothing was stored"
            )
        return np.clip(said, -LARGEST, LARGEST)

    def _there(self, listed: Callable[..., Any], name: str) -> Any:
        """The newest resource of that name that did not fail; None without one."""
        found = listed(request={"parent": self._parent, "filter": f'display_name="{name}"'}, timeout=REQUEST_SECONDS)
        kept = [resource for resource in found if resource.display_name == name and _state(resource) not in OVER]
        return max(kept, key=lambda resource: resource.create_time) if kept else None

    def _ended(self, begun: Any, poll: Callable[[], Any]) -> Any:
        """``begun`` once it has succeeded."""
        until = time.monotonic() + self.wait_seconds
        while _state(begun) not in DONE:
            if _state(begun) in OVER:
                raise AutoMLError(f"vertex: {begun.name} ended as {_state(begun)}: {begun.error.message or 'no reason given'}")
            if time.monotonic() > until:
                raise AutoMLError(
                    f"vertex: {begun.name} is not over after {self.wait_seconds / 3600:.0f} h. It goes on: run the command again "
                    "later, which finds it by its name and buys nothing twice"
                )
            time.sleep(self.pause_seconds)
            begun = poll()
        return begun

    def _uri(self, table: str) -> str:
        return f"bq://{self.warehouse.project}.{self.warehouse.dataset}.{table}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        def refused(diagnosis: Diagnosis) -> AutoMLError:
            return AutoMLError(f"vertex: {diagnosis.sentence}")

        with explained(refused):
            yield


def _state(of: Any) -> str:
    """The name of a state; of a dataset, which has none, that it is done."""
    state = getattr(of, "state", None)
    return "JOB_STATE_SUCCEEDED" if state is None else str(state.name)


def _frame(features: np.ndarray) -> pd.DataFrame:
    names = [f"f{place:04d}" for place in range(features.shape[1])]
    found = pd.DataFrame(np.where(np.isfinite(features), features, np.nan), columns=names)
    return found.assign(row=np.arange(len(features)))


def _table(name: str, width: int, more: Sequence[Column]) -> Table:
    columns = (
        Column("row", "int", "number of the row"),
        *(Column(f"f{place:04d}", "float", "a feature", nullable=True) for place in range(width)),
        *more,
    )
    return Table(name, "Rows of a search for a model; may be deleted when nothing is under way.", columns, key=("row",))


def _digest(*arrays: np.ndarray) -> str:
    found = hashlib.sha256()
    for values in arrays:
        found.update(repr((values.shape, values.dtype.str)).encode())
        found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()[:24]
