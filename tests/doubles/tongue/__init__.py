"""The reference server with another tongue: other names, an envelope, integer ids. `python -m tests.doubles.tongue …`.

It knows nothing of `conformance.target.dialect`: what it speaks is written here a second time, by hand, so that a slip
in either shows. `target.yaml` is how a target file describes it.
"""
