"""Deploys stages, and says what each function of a stage may do; none of it ships to Lambda."""
