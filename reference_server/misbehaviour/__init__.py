"""Misbehaviour on request: the server is slow, loses connections or is wrong, so that clients can be tested with it.

Everything is off by default. Each switch wraps a part of the server (the frames of a connection, the token of a
request, the rate limiter) and does not change that part.
"""
