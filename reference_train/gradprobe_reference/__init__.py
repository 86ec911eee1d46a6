"""The reference training program: a Qwen2 prompts an ARC agent through an RL policy, and every gradient arrives.

Run it with `python -m gradprobe_reference`; `train.py` is the program, read from top to bottom. `docs/reference.md`
says what a first run shows and how it was measured.
"""
