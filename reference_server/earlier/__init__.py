"""The two chat servers of July 2025 before this protocol: one acknowledges everything, one relays everything."""

#: What `--as` takes, and what such a server does.
SERVERS = {
    "rust-2025": "it acknowledges five requests, and does none of them",
    "go-2025": "it relays every frame to everybody, and reads none",
}
