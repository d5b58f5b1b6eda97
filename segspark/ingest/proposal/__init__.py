"""Proposal: from a look at files, a commented starting configuration that says how sure it is of each line. Pure."""
