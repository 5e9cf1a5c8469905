"""Write columns of values by the fastest way of each driver; say why a row was refused."""
