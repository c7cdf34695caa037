"""Supervision 督办: triggers, proposals, measures and forecasts."""
