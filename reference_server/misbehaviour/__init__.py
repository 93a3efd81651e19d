"""A bad day on request: the server is slow, forgetful or wrong in ways that a front end has to bear.

Nothing here is on unless somebody switches it on. Each switch stands around a part of the server (the frames of a
connection, the token of a request, the rate limiter) and changes nothing in it.
"""
