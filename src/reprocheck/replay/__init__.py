"""Runs again what a record describes, and says what came out.

`needs` lists what a run needs, `sources` finds its content, `plan` turns both into pure data, `workspace` lays it out,
`stage` executes it at the recorded path, `outputs` picks what counts, `judging` compares and decides.
"""
