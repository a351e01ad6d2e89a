"""Measurements. Figures quoted anywhere come from here; nothing here is part of the product."""
