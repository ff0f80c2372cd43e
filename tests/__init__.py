"""The suite. A package, so that its own parts (fakes, vectors, simulation) are imported by their full name."""
