"""Figures and one self-contained HTML page, made from plain values only (no Spark, no MLflow, no writing)."""
