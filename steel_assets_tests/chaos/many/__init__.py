"""Workers on machines of their own: what they run, and how they reach the servers."""
