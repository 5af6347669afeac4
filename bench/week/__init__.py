"""A scripted week of conversations, and a recount of what happened in them."""
