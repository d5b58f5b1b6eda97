"""Steps: each reads, calls the domain, writes, logs. Nothing is computed here."""
