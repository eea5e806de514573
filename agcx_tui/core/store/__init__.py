"""What is done to a store and what happens to it.

`opened_store` opens it, `act_queue` changes it one act at a time, by the functions in `store_work`.  `feed`
keeps the table of sessions up to date, with `looking` and `watch`.
"""
