"""What a recorded run did not exercise: rules, message types, their properties and values, error codes.

    measure(run, spec, common) → Coverage → render.text | render.markdown | render.document

Pure throughout. Only what a scenario judged counts: probes have no verdict, so what they alone have seen does not.
"""

from conformance.coverage.measure import measure
from conformance.coverage.model import Coverage, Item, Part

__all__ = ["Coverage", "Item", "Part", "measure"]
