"""Natural sentences: real English ones in which one noun was exchanged for one of the other gender.

pairs       the file of pairs, and which gender a translation shows
sentences   the encoder's cell at the noun, ready to be changed
steering    interchange, and steps towards the other gender, with doses chosen by rule
controls    random directions and units of like variance; nouns whose English has no gender
carried     what the decoder's own cell carries once its noun is out
study       everything of one run and one file
"""

from .pairs import natural, read, summary

__all__ = ["natural", "read", "summary"]
