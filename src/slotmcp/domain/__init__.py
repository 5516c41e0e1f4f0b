"""What is true: frozen values of the trade, standard library only."""
