"""Tests of the shape of the code: what may import what, and what a file may look like."""
