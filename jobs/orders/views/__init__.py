"""Views that the queries of several jobs build on."""
