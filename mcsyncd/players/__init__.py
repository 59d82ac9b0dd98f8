"""How this machine plays a WAV file: programs that it has, and one of our own."""
