"""Views that the queries of this job build on."""
