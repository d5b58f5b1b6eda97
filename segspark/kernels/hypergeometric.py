"""The Gaussian hypergeometric function of real numbers, for executors, which have no scipy."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_EPSILON = 1e-16  # of the sum, below which what is left out does not count
_BETWEEN = 16  # terms between two looks at which points are done
_MOST = 50_000  # terms: enough below z = 0.999
_CANCELLING = -10.0  # a parameter below this makes terms of both signs that are much larger than their sum


def hyp2f1(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike, z: npt.ArrayLike) -> Floats:
    """2F1(a, b; c; z) of real numbers, element by element.

    Below 0 by Pfaff's transformation, else by the series, or by that of Euler's transformation where this has terms of
    one sign, or fewer of them (Abramowitz and Stegun 1964, 15.3.3 to 15.3.5). Accurate to some 1e-11 where a, b and c
    are those of models of purchases; inf where the value is beyond a double.

    Args:
        a: any number.
        b: any number.
        c: any number but 0, -1, -2, ...
        z: below 1; the nearer to it, the more terms.

    Examples:
        >>> hyp2f1(1, 1, 2, [0.5, -1.0]).round(6).tolist(), (-np.log(0.5) / 0.5).round(6).item()
        ([1.386294, 0.693147], 1.386294)
    """
    one, two, three, at = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (a, b, c, z)))
    first, second, low, point = (np.array(value.ravel()) for value in (one, two, three, at))
    with np.errstate(over="ignore"):
        return _anywhere(first, second, low, point).reshape(one.shape)


def _anywhere(a: Floats, b: Floats, c: Floats, z: Floats) -> Floats:
    negative = z < 0
    factor = np.zeros_like(z)  # its logarithm
    # Pfaff: (1 - z)**-a 2F1(a, c - b; c; z / (z - 1)), or the same with a and b exchanged.
    swapped = negative & (np.minimum(b, c - a) > np.minimum(a, c - b))
    a, b = np.where(swapped, b, a), np.where(swapped, a, b)
    factor[negative] = -a[negative] * np.log1p(-z[negative])
    b, z = np.where(negative, c - b, b), np.where(negative, z / (z - 1), z)
    # Euler: (1 - z)**(c - a - b) 2F1(c - a, c - b; c; z).
    here, there = np.minimum(a, b), np.minimum(c - a, c - b)
    euler = np.where(np.minimum(here, there) < _CANCELLING, there > here, c - a - b < 0)
    factor = np.where(euler, factor + (c - a - b) * np.log1p(-z), factor)
    return np.asarray(np.exp(factor) * _series(np.where(euler, c - a, a), np.where(euler, c - b, b), c, z))


def _series(a: Floats, b: Floats, c: Floats, z: Floats) -> Floats:
    """The sum of the series, for 0 <= z < 1; of points that are done no further terms are added."""
    total, left = np.ones_like(z), np.arange(len(z))
    term, summed = np.ones_like(z), np.ones_like(z)
    for n in range(_MOST):
        step = (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z
        term = term * step
        summed = summed + term
        if n % _BETWEEN:
            continue
        # From here on no factor changes its sign, and each is at most the larger of this one and z.
        ratio = np.maximum(np.abs(step), z)
        settled = (n > -np.minimum(np.minimum(a, b), c)) & (ratio < 1)
        rest = np.abs(term) * ratio
        done = (settled & (rest <= _EPSILON * np.abs(summed) * (1 - ratio))) | (term == 0) | ~np.isfinite(summed)
        total[left[done]] = summed[done]
        if done.all():
            return total
        left, a, b, c, z, term, summed = (value[~done] for value in (left, a, b, c, z, term, summed))
    total[left] = summed
    return total
