"""Shipped heads: what there is stands in catalogue.json."""
