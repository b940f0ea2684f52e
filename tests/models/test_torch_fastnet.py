"""The fast network: whitened patches, stages that begin as the identity, and images that are too small."""

import pytest
import torch
from torch import max_pool2d
from torch.nn.functional import silu

from trainlab.errors import InputError
from trainlab.models import torch_models
from trainlab.models.torch_fastnet import FastNet, FastNetSize, Stage, Whitening


def images(*shape: int) -> torch.Tensor:
    """Random images whose neighbouring pixels and channels resemble each other, as in photographs."""
    noise = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    return noise + noise.roll(1, dims=2) + noise.roll(1, dims=3) + 0.5 * noise.mean(dim=1, keepdim=True)


def test_whitened_patches_are_uncorrelated_and_of_variance_one() -> None:
    whitening = Whitening(3)
    given = images(64, 3, 16, 16)
    whitening.fit(given)
    y = whitening(given).movedim(1, -1).reshape(-1, 24)[:, :12].double()
    second_moments = y.T @ y / len(y)
    torch.testing.assert_close(second_moments, torch.eye(12, dtype=torch.float64), atol=0.02, rtol=0)


def test_the_second_half_of_the_filters_is_the_first_with_the_other_sign() -> None:
    whitening = Whitening(1)
    whitening.fit(images(8, 1, 9, 9))
    weight = whitening.conv.weight
    assert weight.shape == (8, 1, 2, 2)
    torch.testing.assert_close(weight[4:], -weight[:4])
    assert not weight.requires_grad


def test_without_a_bias_nothing_is_learned_before_the_first_stage() -> None:
    whitening = Whitening(3, bias=False)
    given = images(4, 3, 8, 8)
    whitening.fit(given)
    with_bias = Whitening(3)
    with_bias.fit(given)
    y = whitening(given)
    assert not y.requires_grad
    torch.testing.assert_close(y, with_bias(given))


def test_a_stage_passes_its_input_on_at_first() -> None:
    net = torch_models.build("fastnet", 10, (3, 32, 32), torch.Generator().manual_seed(0), FastNetSize((24, 32)))
    stage = net.get_submodule("stages.0")
    assert isinstance(stage, Stage)
    x = torch.randn(2, 24, 8, 8)
    torch.testing.assert_close(stage.conv1(x)[:, :24], x)


def test_three_convolutions_are_a_residual_block() -> None:
    stage = Stage(3, 4, depth=3)
    x = images(2, 3, 6, 6)
    h = silu(stage.bn1(max_pool2d(stage.conv1(x), 2)))
    y = stage.bn3(stage.conv3(silu(stage.bn2(stage.conv2(h)))))
    torch.testing.assert_close(stage(x), silu(h + y))


def test_a_deeper_network_begins_by_passing_on_as_well() -> None:
    net = torch_models.build(
        "fastnet", 10, (3, 32, 32), torch.Generator().manual_seed(0), FastNetSize((24, 32), depth=3)
    )
    convolution = net.get_submodule("stages.1.conv3")
    x = torch.randn(2, 32, 8, 8)
    torch.testing.assert_close(convolution(x), x)


@pytest.mark.parametrize("side", range(2, 12))
def test_pooling_by_windows_that_overlap_leaves_as_many_pixels(side: int) -> None:
    stage = Stage(3, 4, pool=3)
    x = images(2, 3, side, side)
    y = stage.conv1(x)
    starts = range(0, side - 1, 2)
    largest = [[y[:, :, i : i + 3, j : j + 3].amax(dim=(2, 3)) for j in starts] for i in starts]
    pooled = torch.stack([torch.stack(row, dim=-1) for row in largest], dim=-2)
    assert pooled.shape[2:] == (side // 2, side // 2)
    torch.testing.assert_close(stage(x), silu(stage.bn2(stage.conv2(silu(stage.bn1(pooled))))))


def test_with_a_border_the_second_row_and_column_are_seen_first_as_well() -> None:
    given = images(2, 3, 6, 7)
    whitening = Whitening(3, border=True)
    whitening.fit(given)
    y = whitening(given)
    assert y.shape == (2, 24, 6, 7)
    torch.testing.assert_close(y[:, :, 1:, 1:], whitening.conv(given))
    torch.testing.assert_close(y[:, :, :1, 1:], whitening.conv(given[:, :, [1, 0]]))
    torch.testing.assert_close(y[:, :, 1:, :1], whitening.conv(given[:, :, :, [1, 0]]))


@pytest.mark.parametrize("border", [False, True])
@pytest.mark.parametrize("pool", [2, 3])
@pytest.mark.parametrize(("widths", "size"), [((8,), 3), ((8, 8), 5), ((8, 16, 8), 9)])
def test_the_smallest_images_that_fit(widths: tuple[int, ...], size: int, pool: int, border: bool) -> None:
    size -= border
    net = FastNet(FastNetSize(widths, pool=pool, border=border), 7, 3, size).eval()
    assert net(torch.zeros(2, 3, size, size)).shape == (2, 7)
    with pytest.raises(InputError, match=rf"needs at least {size}×{size} pixels, got a side of {size - 1}"):
        FastNet(FastNetSize(widths, border=border), 7, 3, size - 1)
