"""Evaluation: labelled photos and benchmarks become figures.

photos, benchmark ─▶ scores ─▶ figures
"""
