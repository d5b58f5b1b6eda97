"""Customer lifetime value: who is still a customer, how often customers will order, and what that is worth."""
