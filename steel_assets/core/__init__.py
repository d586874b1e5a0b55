"""Pure computation: functions of frames and values that return frames and values.

Nothing here imports another package of ours or reads the clock, the environment, a file or the network.
"""
