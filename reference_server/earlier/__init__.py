"""The two chat servers of July 2025 before this protocol: one acknowledges everything, one relays everything."""

#: The values of `--as`, and what each server does.
SERVERS = {
    "rust-2025": "it confirms five types of requests, and carries out none",
    "go-2025": "it relays every frame to everybody, and does not read it",
}
#: Those that let nobody in without a token.
WITH_TOKENS = {"go-2025"}
