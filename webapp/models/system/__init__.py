"""What runs the rest: errands, tasks, rates, the audit."""
