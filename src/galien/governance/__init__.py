"""Who may see what, and the record of it."""

from galien.governance.disclosure import AccessEvent, AccessLedger, Disclosed, Gate, Viewer, received

__all__ = ["AccessEvent", "AccessLedger", "Disclosed", "Gate", "Viewer", "received"]
