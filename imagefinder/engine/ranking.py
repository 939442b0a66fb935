"""Joining two rankings: nearest by vector, and most words found."""

from collections.abc import Iterable, Sequence

from imagefinder.store.text_search import TextMatch

RRF_K = 60
"""The constant of reciprocal rank fusion, as published: Cormack, Clarke and Büttcher, "Reciprocal Rank
Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009."""


def fuse(nearest: Sequence[int], matches: Iterable[TextMatch]) -> list[int]:
    """Item ids of both rankings, best first, each once.

    An item earns 1 / (60 + its rank by vector), plus r² / (60 + its rank by words), where r (0 to 1) is how
    much of the query's words it holds; squared, because half of the words say much less than half. Only
    ranks are added, never cosines, whose scale differs by model; so the rule is the same for every embedder.
    So an item that holds all the words stands level with one that is as near as it is wordy, before it if it
    is near as well; among items without any word, the order by cosine stays. Ties go to the older item.
    """
    earned = {item_id: 1 / (RRF_K + rank) for rank, item_id in enumerate(nearest, start=1)}
    for rank, match in enumerate(matches, start=1):
        earned[match.item_id] = earned.get(match.item_id, 0.0) + match.relevance**2 / (RRF_K + rank)
    return sorted(earned, key=lambda item_id: (-earned[item_id], item_id))
