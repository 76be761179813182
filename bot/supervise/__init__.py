"""Let a human have a say: the inbox, tickets that wait for a yes, and what the operator's words do."""
