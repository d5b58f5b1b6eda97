"""From scored customers to segments: profiles, names, assignments, membership events. Pure functions."""
