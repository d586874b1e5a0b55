"""Google's services on loopback, as much of them as the platform uses: Cloud Storage, BigQuery, Secret Manager, tokens.

They speak to the unmodified clients, hold everything in memory, and refuse with 501 whatever they were not built for: a test
that passes against them passes for a reason. Faults are planned from outside (``faults.py``). By hand::

    python -m steel_assets_tests.google
"""
