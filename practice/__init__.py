"""A loopback world that speaks real protocols, so that nothing real is needed."""
