"""Where models come from: a folder or file, `hub:org/name@revision`, a URL."""
