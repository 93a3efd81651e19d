"""What Prometheus can ask of one deployment: numbers, never who, where or what.

Every label has few values, which this server knows before the first client connects. What a client sends is no label.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client import generate_latest as write_page

if TYPE_CHECKING:
    from reference_server.errors import Code

CONTENT_TYPE = CONTENT_TYPE_LATEST
#: The type of what could not be read, whatever it calls itself.
UNREADABLE = "unreadable"
#: Seconds: from a queue in memory to a database that does not answer.
LATENCIES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The numbers of the instances that share their services, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.connections = Gauge("chat_connections", "WebSockets that are open.", registry=registry)
        self._handshakes = Counter(
            "chat_handshakes", "Answers to handshakes, by HTTP status.", ["status"], registry=registry
        )
        self._cuts = Counter(
            "chat_connections_cut", "WebSockets that the server has ended, by close code.", ["code"], registry=registry
        )
        self._requests = Counter(
            "chat_requests",
            "Requests, by type, and by `ok` or the error code.",
            ["type", "outcome"],
            registry=registry,
        )
        self._answering = Histogram(
            "chat_request_seconds",
            "From the reading of a request to its reply.",
            ["type"],
            buckets=LATENCIES,
            registry=registry,
        )
        self.fan_out = Histogram(
            "chat_fan_out_seconds",
            "From an event to its writing to the last connection of a process that gets it.",
            buckets=LATENCIES,
            registry=registry,
        )
        self.dropped = Counter("chat_events_dropped", "Typing events left out for readers that lag.", registry=registry)
        self.writing = Histogram(
            "chat_database_write_seconds",
            "What a request writes, from its wait to its end, without the commit.",
            buckets=LATENCIES,
            registry=registry,
        )
        self.batch = Histogram(
            "chat_commit_batch_size",
            "Changes of conversations that are carried out in one transaction.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=registry,
        )
        self.read_again = Counter(
            "chat_pubsub_gaps", "Times that events had to be read from the journal.", registry=registry
        )
        self.lost = Counter("chat_pubsub_losses", "Times that events were no longer in the journal.", registry=registry)

    def handshake(self, status: int) -> None:
        """Count a handshake that is answered."""
        self._handshakes.labels(str(status)).inc()

    def cut(self, code: int) -> None:
        """Count a connection that the server ends."""
        self._cuts.labels(str(code)).inc()

    def request(self) -> Answering:
        """Begin to measure a request."""
        return Answering(self._requests, self._answering)

    def page(self) -> bytes:
        """Write all numbers in the format of Prometheus."""
        return write_page(self._registry)


class Answering:
    """The measure of one request: `type` and `outcome` are set when they are known."""

    def __init__(self, requests: Counter, seconds: Histogram) -> None:
        self.type = UNREADABLE
        self.outcome: Code | str = "cancelled"
        self._requests = requests
        self._seconds = seconds
        self._began = time.perf_counter()

    def end(self) -> None:
        """Count the request."""
        self._requests.labels(self.type, self.outcome).inc()
        self._seconds.labels(self.type).observe(time.perf_counter() - self._began)
