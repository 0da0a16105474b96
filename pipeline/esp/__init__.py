"""ESPs: `port` is the contract, one module for each vendor."""
