"""Views that several results share."""
