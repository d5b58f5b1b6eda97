"""Sentiment of texts, a column at a time."""

import pandas as pd

_LONGEST = 10_000  # characters that are looked at


def compound_scores(texts: pd.Series) -> pd.Series:
    """VADER's compound score of each text, -1 to 1; null where there is none.

    Examples:
        >>> compound_scores(pd.Series(["I love it!", "I hate it.", None])).round(4).tolist()
        [0.6696, -0.5719, nan]
    """
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    known = {text: analyzer.polarity_scores(text[:_LONGEST])["compound"] for text in set(texts.dropna())}
    return texts.map(known).astype(float)
