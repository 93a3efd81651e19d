"""One WebSocket to the target: its frames, its refusals, its memory bound. The only package that touches a socket."""
