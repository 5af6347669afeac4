"""What the chat page costs a visitor."""
