"""Preflight: what will make a link fail, said from stored facts before an event opens (FAILURES, *predict*)."""
