"""The reference server with another tongue: other names, an envelope, integer ids. `python -m tests.doubles.tongue …`.

It knows nothing of `conformance.dialect`: what it speaks is written down here a second time, by hand, so that a slip in
either shows. `target.yaml` is how a target file describes it.
"""
