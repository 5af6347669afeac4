"""What Chalice has made of a stage, as it is found in the account itself."""
