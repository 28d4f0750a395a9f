"""Words that a query never requires; they are indexed all the same, for phrases."""

from __future__ import annotations

FRENCH = frozenset(
    """a à au aux avec ayant c ce ceci cela ces cet cette chez d dans de depuis des du elle elles en entre est et
    eu été il ils j je l la le les leur leurs lors lui m ma mais me mes mon n ne nos notre nous on ont ou où par
    pas pour qu que quel quelle qui s sa se selon ses si son sont sous sur t ta te tes toi ton tu un une vos votre
    vous y avait avoir était être fait ainsi aussi donc dont""".split()
)
ENGLISH = frozenset(
    """a an and are as at be been but by for from had has have he her his i in into is it its me my not of on or
    our she so that the their them then there these they this to was we were what when which who will with you
    your""".split()
)
_FOLDED = {word.translate(str.maketrans("àéèêùûôîïç", "aeeeuuoiic")) for word in FRENCH} | ENGLISH


def is_stop_word(word: str) -> bool:
    """Whether an exact form (folded) is a stop word of either language.

    >>> is_stop_word("avec"), is_stop_word("prothese")
    (True, False)
    """
    return word in _FOLDED
