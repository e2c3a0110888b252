"""The school's lasting lists: classes, their teachers and their students."""
