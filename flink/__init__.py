"""Flink: bringing jobs to a cluster and asking it about them. ``Settings.flink_url`` says which cluster."""
