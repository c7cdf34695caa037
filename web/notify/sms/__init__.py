"""Sending short messages through an HTTP gateway of the operator."""
