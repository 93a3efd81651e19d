"""The steps of the scenario language, one file per family."""
