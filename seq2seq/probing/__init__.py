"""Does the cell state hold grammatical gender? Experiments on a trained run, each with its control.

statistics      estimates with intervals over lemmas, permutation tests, corrections for many tests
stimuli         frames of the agreement corpus: the same sentence with nouns of either gender
units           of a cell: how many a claim may use, random ones like them, who reads them
interventions   values put into a run at one word, and what the model says from there
erasure         LEACE: what a linear probe could read, taken out
probes          linear probes with control tasks, description length, few units
generalisation  probes across time, and across the cells of the design
reading         L1 to L3: can gender be read, where, and how long after the noun
causal          L4 to L6: what setting units does, and what else it touches
paths           along which way the noun's gender reaches the words that agree
subjects        sentences with two subjects, as a site reads them
register        one register rewritten at each subject, or a slot for each noun
gates           saves, keeps, erases and rewrites, lets out: the textbook's story, H1 to H5
persistence     for how many words a cell tells the noun, against its forget gates
gradients       how much of a word's loss reaches the memory of the words before it
ladder          L1 to L7 and P1 to P5: the verdicts, each with the number that decides it
examples        the boy and the girl, word by word, and with units turned by hand
family          one family's stimuli, as a run reads them; units exchanged in them
study           one run's experiments together → results
parallel        several runs' studies at a time, a process for each
retention       which words of a sentence its final memories hold
compare/        every cell on one task: trained alike, measured alike
by_hand         one sentence's gender changed at the prompt
natural/        natural sentences: which gender they show, and what changes it
figures         small figures as SVG
report          results → JSON, CSV, the page (page/), a summary
plots           the report's figures for print
tables          traces and results as files for numpy and pandas
planted         models whose answer is known: the tool tests itself
"""
