"""Delivery over several processes: the database is the truth, Redis the doorbell.

Every event of a conversation is written into its journal by the transaction that makes the change, with the
conversation's next position. Then it is published with that position. Who is not given the position after the last
one reads the journal; who is given nothing sees at the next position check that the conversation has gone on.
"""
