"""Affine maps: each image turned, stretched, slanted and moved a little, as handwriting varies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainlab.data.arrays import Array, put
from trainlab.data.augmentation.checks import check_number
from trainlab.data.augmentation.draws import Draws
from trainlab.data.augmentation.warp import Warp, grid


@dataclass(frozen=True)
class RandomAffine(Warp):
    """What is at q, measured in pixels from the image's centre (x to the right, y downwards), moves to A · q + t:

        A = [ cos θ   sin θ ] · [ 1  k ] · [ f_x  0  ]
            [ −sin θ  cos θ ]   [ 0  1 ]   [ 0   f_y ]

    stretched first, then slanted, then turned anticlockwise, then moved. Drawn for each image, each uniform:

        θ within ± rotation      f_x, f_y within 1 ± scale      k within ± shear      t_x, t_y within ± translation

    Pixel p of the output shows the point A⁻¹ · (p − t) of the input, see `warp.sampled`; what comes from beyond the
    edges is 0. Shapes and types: see `Augmentation`.

    Arguments:
        rotation: degrees, 0 to 180.
        scale: 0 up to 0.9; 0.15 stretches or shrinks each axis by at most 15 %.
        shear: pixels sideways for each pixel downwards, 0 or more.
        translation: pixels, 0 or more.

    Raises:
        InputError: a setting outside its range.

    Source: Cireşan, Meier, Gambardella and Schmidhuber 2010, "Deep big simple neural nets excel on handwritten digit
    recognition", arXiv:1003.0358, which trains networks without convolution on such images.

    >>> images = np.zeros((1, 1, 5, 5), np.uint8)
    >>> images[0, 0, 2, 2] = 200
    >>> move = RandomAffine(rotation=0, scale=0, shear=0, translation=1)
    >>> move(images, Draws(seed=0, epoch=1, indices=np.array([0])))[0, 0, 1:3].tolist()  # up and to the right
    [[0, 0, 40, 103, 0], [0, 0, 16, 41, 0]]
    """

    name = "affine"

    rotation: float = 15
    scale: float = 0.15
    shear: float = 0.15
    translation: float = 2

    def __post_init__(self) -> None:
        check_number(self.name, "rotation", self.rotation, low=0, high=180)
        check_number(self.name, "scale", self.scale, low=0, high=0.9)
        check_number(self.name, "shear", self.shear, low=0)
        check_number(self.name, "translation", self.translation, low=0)

    def inverse_maps(self, draw: Draws) -> NDArray[np.float32]:
        """(N, 2, 3): A⁻¹ and −A⁻¹ · t of each image, x before y."""
        spread = np.array(
            [np.radians(self.rotation), self.scale, self.scale, self.shear, self.translation, self.translation]
        )
        angle, stretch_x, stretch_y, shear, t_x, t_y = (spread * (2 * draw.uniform(self.name, 6) - 1)).T
        cos, sin = np.cos(angle), np.sin(angle)
        f_x, f_y = 1 + stretch_x, 1 + stretch_y
        # the rows of A⁻¹ = diag(1/f) · [1 −k; 0 1] · [cos −sin; sin cos]
        to_x = np.stack([cos - shear * sin, -sin - shear * cos]) / f_x
        to_y = np.stack([sin, cos]) / f_y
        moved = [-(row[0] * t_x + row[1] * t_y) for row in (to_x, to_y)]
        maps = np.stack([[*to_x, moved[0]], [*to_y, moved[1]]])
        return np.ascontiguousarray(maps.transpose(2, 0, 1), np.float32)

    def sources(self, images: Array, draw: Draws) -> tuple[Array, Array]:
        rows, columns = grid(images)
        middle_row, middle_column = ((size - 1) / 2 for size in images.shape[2:])
        rows, columns = rows - middle_row, columns - middle_column
        maps = put(self.inverse_maps(draw), images)[..., None, None]  # (N, 2, 3, 1, 1)
        x = maps[:, 0, 0] * columns + (maps[:, 0, 1] * rows + maps[:, 0, 2] + middle_column)
        y = maps[:, 1, 0] * columns + (maps[:, 1, 1] * rows + maps[:, 1, 2] + middle_row)
        return y, x
