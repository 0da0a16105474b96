"""Writers: `port` is the contract, `reply` reads what any of them wrote."""
