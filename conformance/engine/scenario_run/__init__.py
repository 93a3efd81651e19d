"""Runs one scenario against a target and says how it went: arrange, run the steps, judge.

    result = await run_scenario(scenario, context)

It never raises for what a server does and never prints. `context` holds what all scenarios of a run share.
"""
