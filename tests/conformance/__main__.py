"""``python -m tests.conformance`` prints the matrix of the market-data suite, check by source; 1 where one fails."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.conformance.test_market_data import failures_of, listened, printed


async def main() -> int:
    """Run every check on every source and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        async with listened(Path(folder)) as sources:
            matrix: dict[str, dict[int, str]] = {name: {} for name in sources}
            failures = [
                each for name, seen in sources.items() for each in await failures_of(seen, matrix[name])
            ]
            print(printed(matrix, sources))
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
