"""The configuration: TOML in, validated settings out. pydantic is imported here when a file is read, nowhere else."""

from __future__ import annotations
