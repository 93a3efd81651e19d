"""A server under test, as its target file describes it. Each section of the file is read in a module of its own.

target = read_target(Path("staging.yaml"), spec)
"""

from conformance.target.auth import Auth
from conformance.target.model import Target
from conformance.target.read import check_target, read_target

__all__ = ["Auth", "Target", "check_target", "read_target"]
