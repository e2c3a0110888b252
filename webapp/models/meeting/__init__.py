"""Online meetings: the school's connection, its hosts, the meetings themselves."""
