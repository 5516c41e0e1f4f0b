"""Ways by road: a routing service that knows them better than an estimate."""
