"""What the program costs, each measure beside its floor or a peer in the same run.

`python -m tests.bench` prints a table; `--help` tells the rest.  Nothing here asserts a time: a
machine that is busy or old is no defect.
"""
