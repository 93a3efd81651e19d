"""The history of a server: many runs in one small file, the trend of each feature, and the record of each scenario."""

from conformance.compare.history.model import FeatureTrend, History, RunPoint, ScenarioRecord
from conformance.compare.history.store import Store
from conformance.compare.history.trend import history_of
from conformance.compare.history.views import VIEWS

__all__ = ["VIEWS", "FeatureTrend", "History", "RunPoint", "ScenarioRecord", "Store", "history_of"]
