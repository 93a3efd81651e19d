"""What master and workers tell each other, beside what Locust's own protocol does: the names of our messages.

worker → master   HELLO      it has connected, and can take a job
master → worker   JOB        the job
master → worker   FULL       there are as many workers as the job has; this one is not needed
worker → master   PREPARED   it has calibrated the target; or the error, why it cannot take part
worker → master   (report)   every few seconds: what was counted since the last report, under REPORT
worker → master   FINAL      the load is over: the last count
"""

HELLO = "chat-parity-hello"
JOB = "chat-parity-job"
FULL = "chat-parity-full"
PREPARED = "chat-parity-prepared"
FINAL = "chat-parity-final"
REPORT = "chat_parity"
STOPPED = "chat_parity_stopped"
"""The key of why the traffic of a worker has stopped; empty: it has not."""

PORT = 5557
"""The port of a master, if none is named: that of Locust's own."""
