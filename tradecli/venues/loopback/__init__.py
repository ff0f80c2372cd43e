"""The four venues on this machine: their REST and WebSocket protocols over the simulated market.

For rehearsals and tests. Nothing here is a client, holds a key or reaches another machine.
"""
