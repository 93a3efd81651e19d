"""Invents conversations, runs each against two servers, and gives the shortest ones in which they differ.

What is drawn, and where the protocol leaves servers free, is data: `spec/explore.yaml` and `spec/freedoms.yaml`.
"""
