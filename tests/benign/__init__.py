"""Benign texts for the test of false alarms: sources.py has what people wrote, formats.py what they put it into."""
