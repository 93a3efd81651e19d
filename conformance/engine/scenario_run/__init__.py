"""Runs one scenario against a target and gives its result: arrange, run the steps, judge.

    result = await run_scenario(scenario, context)

It never raises because of a server and never prints. `context` has what all scenarios of a run share.
"""
