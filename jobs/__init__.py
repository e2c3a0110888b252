"""What happens by itself: each process ticks, the rows decide who does what."""
