"""The recording side: the only part of gradprobe that imports torch, and only after the script has."""
