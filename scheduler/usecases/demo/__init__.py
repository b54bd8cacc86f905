"""A clinic to try things out with: `invent.py` makes it up in memory, `load.py` writes it into an empty database.

The clinic's past is lived through day by day (story.py), so that its future is what a receptionist would find: series
already placed, slots already given back, patients who keep their usual time. Given the same size, seed and moment, the
same clinic comes out. `morning.py` then plays what goes on at the desk just now, through the use cases of the desk.
"""
