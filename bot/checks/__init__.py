"""What a domain does publish, and what that means."""
