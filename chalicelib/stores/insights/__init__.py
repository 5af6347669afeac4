"""What is counted, and what to count: the table `support-insights` and the stream of the conversations."""
