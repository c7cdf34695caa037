"""Sending subscribe messages of a WeChat mini-program (订阅消息)."""
