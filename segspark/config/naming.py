"""How segments get their first names and descriptions."""

from typing import Annotated

from pydantic import Field

from segspark.config.base import Model


class Naming(Model):
    """First names and descriptions of segments: which words, and what is worth one."""

    vocabulary: str | None = Field(
        None,
        description="YAML file of words that take the place of the built-in ones, word by word: "
        "see [Names](segments.md#names); `segspark vocabulary` writes one to start from",
    )
    notable: Annotated[float, Field(gt=0)] = Field(
        0.25, description="a feature whose mean is fewer standard deviations from everybody's is not worth a word"
    )
    adjectives: Annotated[int, Field(ge=1, le=5)] = Field(
        2, description="in a name; more where two segments would share one"
    )
    sentences: Annotated[int, Field(ge=1, le=12)] = Field(4, description="in a description, at most")
