"""What is looked at before a stack is made: zones, quotas, names, and what the deployer may do."""
