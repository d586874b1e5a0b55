"""Sorts features into bins for boosted trees: scikit-learn's bins, of all columns at once.

scikit-learn looks for the bins of one column after another, each in a call of its own, which takes a fifth of the time of a fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def binned(regressor: Any, rows: np.ndarray, sample_weight: None, is_training_data: bool) -> np.ndarray:
    """As ``_bin_data`` of a ``HistGradientBoostingRegressor`` does it for training rows without weights and categories."""
    mapper = regressor._bin_mapper
    mapper.is_categorical_ = np.zeros(rows.shape[1], dtype=np.uint8)
    mapper.missing_values_bin_idx_ = mapper.n_bins - 1
    mapper.bin_thresholds_ = thresholds(rows, mapper.n_bins - 1)
    mapper.n_bins_non_missing_ = np.array([len(edges) + 1 for edges in mapper.bin_thresholds_], dtype=np.uint32)
    return np.asarray(mapper.transform(rows))


def thresholds(rows: np.ndarray, most: int) -> list[np.ndarray]:
    """For each column the ascending thresholds between at most ``most`` bins; missing values are left out.

    With no more distinct values than bins the midpoints between them, otherwise quantiles (the inverted distribution function,
    averaged at its steps), each once.
    """
    columns = np.sort(rows, axis=0)  # missing values last
    known = (~np.isnan(columns)).sum(axis=0)
    distinct = 1 + (columns[1:] > columns[:-1]).sum(axis=0)
    levels = np.linspace(0, 100, num=most + 1)[1:-1]
    quantiles = np.empty((len(levels), rows.shape[1]))
    for count in np.unique(known[distinct > most]):
        alike = (known == count) & (distinct > most)
        quantiles[:, alike] = np.percentile(columns[:count, alike], levels, axis=0, method="averaged_inverted_cdf")
    return [
        np.unique(quantiles[:, place]) if distinct[place] > most else _midpoints(columns[: known[place], place])
        for place in range(rows.shape[1])
    ]


def _midpoints(values: np.ndarray) -> np.ndarray:
    found = np.unique(values)
    return np.lib.stride_tricks.sliding_window_view(found, 2).mean(axis=1) if len(found) > 1 else np.zeros(0)
