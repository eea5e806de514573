"""What is wrong with a store or a file (`verify_file`, `verify_store`), and what can be saved.

Strategy: a check never raises for what a file holds; everything that it finds is a value
(`report.Finding`), and a stream of reports is all that leaves this package.  `repair.repair` writes
what can be saved into a new file.  Nothing here changes what it looks at.
"""
