"""The way out to the providers: one client, its pace, the budget of calls, and answers kept for a while."""
