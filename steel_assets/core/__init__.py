"""Pure computation: frames in, frames out.

Nothing here imports another package of ours, reads the clock, the environment, a file or the network.
"""
