"""Flink: bringing jobs to a cluster and asking it about them. ``Settings.flink_url`` says which cluster.

- ``cluster.py``      asks the cluster about its jobs, cancels and stops them
- ``code.py``         which jobs there are, and the archive of their code
- ``checkpoints.py``  where the checkpoints of a job lie
- ``client.py``       how Flink's command line client is run
- ``submission.py``   brings one program to the cluster
- ``batch.py``        plans and submits several streaming jobs in one client
"""
