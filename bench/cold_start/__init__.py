"""How long the functions take to start, from the package that is deployed."""
