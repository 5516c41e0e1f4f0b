"""Redis adapters of the fleet's ports. They save database reads, and the database remains the authority."""
