"""Other people's formats, in and out, a file each."""
