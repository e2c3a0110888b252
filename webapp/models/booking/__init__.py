"""Who meets whom: appointments and what keeps them from colliding."""
