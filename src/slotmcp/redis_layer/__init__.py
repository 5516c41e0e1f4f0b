"""Redis adapters of the fleet's ports. They make answers faster and decide nothing."""
