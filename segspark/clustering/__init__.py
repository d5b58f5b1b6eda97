"""From features to clusters: preparation, candidates, their evaluation, the choice, scoring. Pure functions."""
