"""The reference server of the veza chat protocol: every rule kept, nothing added to the wire."""
