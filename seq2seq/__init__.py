"""A small English→Czech LSTM translator whose every state can be named, watched and changed.

import seq2seq
translator = seq2seq.load("checkpoints/demo")
translator.translate(["I am a girl who likes to learn."])        # ["Jsem holka, která se ráda učí."]
translator.trace("I am a girl who likes to learn.").words("decoder.0.cell", 0)     # [words, units]
"""

import os

# torch keeps a compiled product for every shape of batch that it has met: gigabytes, and no faster. Read when torch loads.
os.environ.setdefault("LRU_CACHE_CAPACITY", "4")
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")

from .translator import Translator, load

__all__ = ["Translator", "load"]
