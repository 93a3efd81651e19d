"""Runs scenarios against a target: calibrates it, runs each scenario from arrange to judgement, watches the target."""
