"""The pure heart of the platform: frames in, frames out.

Nothing here imports another room of the house, reads the clock, the environment, a file or the network.
"""
