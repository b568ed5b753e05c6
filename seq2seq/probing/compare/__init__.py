"""Every cell of the textbooks on one task: networks of equal size, of equal updates, measured alike.

The cells are trained by train.py on the agreement corpus, with the demo recipe and two layers, each with as many units as make
its weights as many as the LSTM's, over several training seeds. Of each run is measured: how often every agreeing word of a test
sentence is right, by what stands between it and its noun; the slope of the gradient (gradients); where the gender of the noun
can be read two words on, beside an untrained network; for how long the memory tells the noun (persistence); and whether an
eighth of the memory's units, put in from a sentence of the other gender, change it (study). A run that does not understand
what it would be asked is not probed, and that is said.

Cells are compared with the LSTM on the same test sentences. The p of a difference is over nouns (lemma means, averaged over
seeds, their signs flipped), so it is about these runs; its interval is over nouns and training seeds both (estimate), so it is
about others, too, and wide: there are few seeds.

training    the runs: cells of equal weights, trained by train.py
measuring   one run
comparison  all runs together, and each cell beside the LSTM
page        what is shown
"""

from .comparison import study
from .measuring import preferred
from .page import save, summary
from .training import FULL, QUICK, SEEDS

__all__ = ["FULL", "QUICK", "SEEDS", "preferred", "save", "study", "summary"]
