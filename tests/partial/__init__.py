"""Partial servers: the reference server without a part of it, in the many ways in which a server may lack something.

A server that is being written or replaced does not have everything. The report has to say what is missing, and to
accuse no other feature of it. A part is lacking in some way:

    FEATURES:WAY        the requests of these features (`a+b` is both), answered as `lacking` says
    NAME                something that is no request: errors, presence, instances … (see `elsewhere`), or a way of its
                        own in which a server does what is there (see `odd_ways`)

    python -m tests.partial --list
    python -m tests.partial reactions:serde
    python -m tests.partial '*:silence' --all               every scenario, and not the first of those of the same rules
    python -m tests.partial.serve reactions:serde -- --port 8000
"""
