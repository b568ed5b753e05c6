"""Does the cell state hold grammatical gender? Experiments on a trained run, each with its control.

statistics      AUC of every unit, intervals over lemmas
stimuli         frames of the agreement corpus: the same sentence with nouns of either gender
interventions   interchange: another sentence's cell units, put in once, and decoding on
probes          linear probes with control tasks
study           the experiments together → results
report          results → JSON and one HTML page
"""
