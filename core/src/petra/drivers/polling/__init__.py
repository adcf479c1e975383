"""Polling: read planner, schedule and session that request-response protocols share."""
