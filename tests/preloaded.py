"""Loads, by being imported, all that a forked server may need: the server, the faults and the variants."""

from tests.faults.patching import load_everything
from tests.faults.registry import all_faults
from tests.variants.registry import all_variants

load_everything()
all_faults()
all_variants()
