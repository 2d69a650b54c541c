"""Fresh recommendations from the stream: trending lists, what is available, and each user's own list."""
