"""A client of the prediction service of Steel Assets: a method for each of its questions, answers as typed models."""

from steel_assets_client.client import Refused, SteelAssets

__all__ = ["Refused", "SteelAssets"]
