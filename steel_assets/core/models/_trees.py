"""Boosted regression trees as plain numbers: fitted by scikit-learn, stored and evaluated here with identical results.

scikit-learn's own trees can only be stored as pickles, or as archives whose damaged arrays crash the reader; these are JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

MOST_NODES = 1000
"""Limit for a tree that is read; fitted trees have eleven."""


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree as arrays with one element per node; node 0 is the root, and children come after their parents.

    Attributes:
        feature: column that the node splits on, -1 in a leaf.
        threshold: values up to it go left.
        missing_left: whether missing values go left.
        left, right: positions of the children; 0 in a leaf.
        value: what a leaf adds to the prediction; elsewhere the mean of the leaves below, weighted by the training rows.
    """

    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray

    def paths(self, rows: np.ndarray) -> list[np.ndarray]:
        """The node of each row after 0, 1, 2, … splits, until all rows are in leaves."""
        places = [np.zeros(len(rows), dtype=int)]
        while (asked := self.feature[places[-1]] >= 0).any():
            here = places[-1]
            answers = rows[np.arange(len(rows)), self.feature[here]]
            goes_left = np.where(np.isnan(answers), self.missing_left[here], answers <= self.threshold[here])
            places.append(np.where(asked, np.where(goes_left, self.left[here], self.right[here]), here))
        return places

    def stored(self) -> dict[str, list[Any]]:
        """The tree as JSON values."""
        return {name: values.tolist() for name, values in vars(self).items()}

    @classmethod
    def restored(cls, stored: Mapping[str, Any], width: int) -> Self:
        """The tree that ``stored`` gave, for rows of ``width`` columns.

        Raises:
            KeyError, TypeError, ValueError: it is not a tree in which every row reaches a leaf.
        """
        if any(not isinstance(values, list) or len(values) > MOST_NODES for values in stored.values()):
            raise ValueError(f"a tree must be lists of at most {MOST_NODES} nodes")
        kinds = {"feature": int, "threshold": float, "missing_left": bool, "left": int, "right": int, "value": float}
        tree = cls(**{name: np.asarray(stored[name], dtype=kind) for name, kind in kinds.items()})
        size = len(tree.feature)
        place = np.arange(size)
        inner = tree.feature >= 0
        whole = size > 0 and all(values.shape == (size,) for values in vars(tree).values())
        if not whole or len(stored) != len(kinds) or (tree.feature >= width).any() or not np.isfinite(tree.value).all():
            raise ValueError("a tree must have one feature it knows, threshold, answer and finite value for each node")
        for child in (tree.left, tree.right):
            if (child >= size).any() or (child[inner] <= place[inner]).any():
                raise ValueError("a tree's children must come after their parents")
        return tree


@dataclass(frozen=True)
class Forest:
    """A constant, and trees that are added to it."""

    start: float
    trees: Sequence[Tree]

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """One prediction per row."""
        total = np.full(len(rows), self.start)
        for tree in self.trees:
            total += tree.value[tree.paths(rows)[-1]]
        return total

    @property
    def mean(self) -> float:
        """The prediction without any feature: the constant and each tree's mean."""
        return self.start + sum(float(tree.value[0]) for tree in self.trees)

    def terms(self, rows: np.ndarray) -> np.ndarray:
        """How much each column moved each row's prediction away from ``mean`` (Saabas 2014).

        It is the change of the expectation at each split. ``mean`` and a row's terms add up to its prediction.
        """
        terms = np.zeros(rows.shape)
        row = np.arange(len(rows))
        for tree in self.trees:
            places = tree.paths(rows)
            for before, after in pairwise(places):
                moved = before != after
                terms[row[moved], tree.feature[before[moved]]] += tree.value[after[moved]] - tree.value[before[moved]]
        return terms


def grown(regressor: Any) -> Forest:
    """The trees of a fitted ``HistGradientBoostingRegressor``."""
    trees = [_tree(predictor.nodes) for (predictor,) in regressor._predictors]
    return Forest(float(np.ravel(regressor._baseline_prediction)[0]), trees)


def _tree(nodes: np.ndarray) -> Tree:
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, 0, nodes[side]).astype(int) for side in ("left", "right"))
    value, count = nodes["value"].astype(float), nodes["count"].astype(float)
    for place in np.flatnonzero(~leaf)[::-1]:  # children come after their parents, so from the end they are known
        below = [left[place], right[place]]
        value[place] = (value[below] * count[below]).sum() / count[below].sum()
    return Tree(
        feature=np.where(leaf, -1, nodes["feature_idx"]).astype(int),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        left=left,
        right=right,
        value=value,
    )
