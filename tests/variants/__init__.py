"""Legal differences: servers that are not ours and not wrong, each of which the suite has to pass.

A variant changes the reference server as a fault does (see `tests.faults`), and its docstring is one sentence that
says why a correct server may be so:

    @variant(amber=["HIST-5s"], about=["HIST-5*"])
    def huge_limit_refused(patch: Patch) -> None:
        '''A limit above the maximum may be refused as well as clamped.'''

`profile` is what a target file would declare of such a server, and the only exception that it gets. `amber` names
should rules that it does not keep. `about` names the rules near which it shows: a sample has all their scenarios.
`instances` is how many of the instances the suite is told of.

    python -m tests.variants --list
    python -m tests.variants keys_reversed                      one variant, by name or file, and the whole suite
    python -m tests.variants --sample 150 --seed 7              every variant, a sample each beside `about`
    python -m tests.variants keys_reversed+french_errors        several differences in one server
    python -m tests.variants.serve keys_reversed -- --port 8000
"""
