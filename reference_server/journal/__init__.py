"""Delivery between processes: the database has all events, and Redis only announces them.

The transaction of a change writes each event to the journal of the conversation, with the next position. Then the event
is published with that position. A process that misses a position reads the journal. A process that gets nothing finds
out at the next position check that there are new events.
"""
