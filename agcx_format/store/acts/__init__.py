"""Acts: changes that happen whole or not at all, and can be undone.

`plan` and the other `plan_…` modules work out the steps of an act, `manifest` records them, and `perform`
carries them out; `transitions` is what they do to single files, and `work` what doing and undoing share.
`undo` takes an act back, `recovery` finishes or reverts one that a crash interrupted, and `emptying`
destroys what acts keep. `journal` reads the history.  Programs that save use `saving`, which keeps nothing
for an undo.
"""
