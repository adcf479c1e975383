"""acme-pumps: pump logic for PETRA."""
