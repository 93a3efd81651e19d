"""What a load gives: latencies, endings and failures, counted in bounded memory, and the file `load.json` with them.

Histogram → Tally (one process, or all merged) → LoadRecord → load.json
"""
