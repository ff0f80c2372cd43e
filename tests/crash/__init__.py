"""Crash runs: real engine processes over the fake venue's socket, killed at named points and at random times."""
