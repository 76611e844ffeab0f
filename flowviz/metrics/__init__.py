"""How well a flow learnt, one file per metric."""
