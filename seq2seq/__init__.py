"""A small English→Czech LSTM translator whose every state can be named, watched and changed.

import seq2seq
translator = seq2seq.load("checkpoints/demo")
translator.translate(["I am a girl who likes to learn."])        # ["Jsem holka, která se ráda učí."]
translator.trace("I am a girl who likes to learn.").words("decoder.0.cell", 0)     # [words, units]
"""

from .translator import Translator, load

__all__ = ["Translator", "load"]
