"""Runs scenarios as traffic: many at a time, on Locust, in one process or on several machines.

    rehearse → Job → swarm (Locust: ramp, arrivals, workers) → Traffic (asyncio: run_scenario, measure, judge) → Tally

Locust is built on gevent, and everything else here on asyncio. So Locust has a thread of its own, without monkey
patching, and hands each scenario to the event loop (`bridge`). It is an extra: only `swarm`, and what that imports when
a load begins, needs it.
"""
