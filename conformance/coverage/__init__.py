"""What a recorded run did not exercise: rules, message types, their properties and values, error codes.

    measure(run, spec, common) → Coverage → render.text | render.markdown | render.document

Everything here is pure. Only judged scenarios count: probes have no verdict, so what only a probe saw does not count.
"""

from conformance.coverage.measure import measure
from conformance.coverage.model import Coverage, Item, Part

__all__ = ["Coverage", "Item", "Part", "measure"]
