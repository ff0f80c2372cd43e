"""Six components. ``ALL`` is the order of assessment; help and screens keep their own."""
