"""What keeps an index in order: carried elsewhere, checked, mended, made anew, planned for."""
