"""The reference server with another dialect: other names, an envelope, integer ids.

`python -m tests.doubles.dialect_server …` runs it.

It knows nothing of `conformance.target.dialect`: its dialect is written here a second time, by hand, so that a mistake
in either shows. `target.yaml` is how a target file describes it.
"""
