"""HTTP requests to providers: the client, its pace, quotas, and cached answers."""
