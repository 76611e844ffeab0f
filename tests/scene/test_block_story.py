"""What the blocks of a JKO flow did, said truly."""

import math
import re
from dataclasses import replace

import pytest

from flowviz.core.frames import BlockInfo
from flowviz.scene.block_story import aligned, begins_round, chain_of, change_words, figure, sentence, spread

ENTROPY = 2.0


def block(index, h, before, after, *, w2=0.16, status="trained", is_free=False, count=3):
    """A block whose KL goes from `before` to `after` for data of entropy 2."""
    nll = (None, None) if before is None else (after + ENTROPY, before + ENTROPY)
    ends = 1 - (index + 1) / count, 1 - index / count
    return BlockInfo(index, status, h, *ends, w2, {}, nll[0], nll[1], 0.05, is_free)


CHAIN = (block(0, 0.25, 0.81, 0.35), block(1, 0.5, 0.35, 0.20), block(2, 1.0, 0.20, 0.02, is_free=True))


def test_kl_is_the_likelihood_less_the_entropy_and_the_envelope_is_chained_from_the_data():
    chain = chain_of(CHAIN, ENTROPY)
    assert chain.kl_data == pytest.approx(0.81)
    assert [row.kl for row in chain.rows] == pytest.approx([0.35, 0.20, 0.02])
    assert chain.rows[0].bound == pytest.approx(0.81 / 1.25**2)
    assert chain.rows[1].bound == pytest.approx(0.35 / 1.5**2)
    assert chain.rows[1].envelope == pytest.approx(0.81 / (1.25 * 1.5) ** 2)
    assert chain.rows[2].bound is None and chain.rows[2].envelope is None, "the free block is no JKO step"


def test_exact_gaussian_steps_never_pass_the_bound():
    """s' = (s + sqrt(s^2 + 4h(1+h))) / (2(1+h)) from N(0, s^2), the closed form of a JKO step."""
    s, h, blocks = 3.0, 0.5, []
    entropy = 0.5 * math.log(2 * math.pi * math.e * s * s)

    def kl(sd):
        return 0.5 * (sd * sd - 1) - math.log(sd)

    for index in range(6):
        after = (s + math.sqrt(s * s + 4 * h * (1 + h))) / (2 * (1 + h))
        nll = kl(after) + entropy, kl(s) + entropy
        blocks.append(BlockInfo(index, "trained", h, 0.0, 1.0, (s - after) ** 2, {}, *nll))
        s = after
    for known in (entropy, None):
        chain = chain_of(blocks, known)
        assert all(row.kl <= row.bound + 1e-12 for row in chain.rows)
        assert all(row.kl <= row.envelope + 1e-12 for row in chain.rows)
        assert not any(sentence(chain, index)[1] for index in range(6))


def test_a_good_block_is_told_with_the_bound_that_it_keeps():
    text, warns = sentence(chain_of(CHAIN, ENTROPY), 0)
    assert text == (
        "Block 1 of 3 moved the samples by 0.40 and brought KL from 0.81 to 0.35; the theory allows at most 0.52."
    )
    assert not warns


def test_a_passed_bound_is_a_warning_that_names_the_reasons_and_blames_no_theory():
    text, warns = sentence(chain_of(CHAIN, ENTROPY), 1)
    assert warns
    assert "an exact step ends at 0.16 or less" in text
    assert "undertrained" in text
    assert "allows" not in text


def test_no_bound_is_claimed_for_the_free_block():
    text, warns = sentence(chain_of(CHAIN, ENTROPY), 2)
    assert text.endswith("no bound holds for it.")
    assert not warns


def test_a_difference_below_the_noise_of_the_samples_is_no_warning():
    chain = chain_of((block(0, 1.0, 0.012, 0.009),), ENTROPY)
    text, warns = sentence(chain, 0)
    assert not warns
    assert "within the noise" in text


def test_without_an_entropy_only_differences_are_told():
    chain = chain_of(CHAIN[:2], None)
    assert chain.is_relative
    assert [row.kl for row in chain.rows] == pytest.approx([0.15, 0.0])
    text, warns = sentence(chain, 0)
    assert text == "Block 1 of 2 moved the samples by 0.40 and lowered KL by 0.46; the theory asks for at least 0.22."
    assert not warns


def test_a_rise_is_called_a_rise():
    assert "raised KL from 0.20 to 0.30" in sentence(chain_of((block(0, 1.0, 0.2, 0.3),), ENTROPY), 0)[0]
    assert "left KL at 0.20" in sentence(chain_of((block(0, 1.0, 0.2, 0.2001),), ENTROPY), 0)[0]
    assert "raised KL by 0.10" in sentence(chain_of((block(0, 1.0, 0.2, 0.3),), None), 0)[0]


def test_a_kl_that_sampling_made_negative_is_not_told_as_a_divergence():
    assert "to 0 within noise" in sentence(chain_of((block(0, 1.0, 0.02, -0.004),), ENTROPY), 0)[0]


@pytest.mark.parametrize("entropy", [ENTROPY, None])
@pytest.mark.parametrize(
    ("before", "after"), [(-0.004, -0.006), (0.0, 0.004), (-0.004, 0.05), (3e-4, 2e-4), (3e-4, 0.1)]
)
def test_no_bound_of_nothing_is_told(before, after, entropy):
    text, warns = sentence(chain_of((block(0, 1.0, before, after),), entropy), 0)
    assert not re.search(r"0\.000|(most|least|ends at|it by) 0(?!\.\d)", text), text
    assert warns == (after > 0.01)


def test_a_block_that_had_nothing_left_to_lower_says_so():
    ends = [sentence(chain_of((block(0, 1.0, -0.004, after),), ENTROPY), 0)[0] for after in (-0.006, 0.5)]
    assert ends[0].endswith("left KL at 0 within noise; there was no more to lower.")
    assert "raised KL from 0 within noise to 0.50; an exact step leaves it there: undertrained" in ends[1]


def test_blocks_that_wait_or_train_say_so():
    waiting = block(0, 0.5, None, None, w2=None, status="waiting")
    training = block(1, 0.5, None, None, w2=0.09, status="training")
    chain = chain_of((waiting, training), ENTROPY)
    assert sentence(chain, 0)[0] == "Block 1 of 2 waits; it will move the samples with a JKO step of h = 0.50."
    assert sentence(chain, 1)[0] == "Block 2 of 2 is in training; so far it moves the samples by 0.30."
    assert sentence(chain, 2) == ("", False)
    assert chain.newest == 1


def test_a_new_round_begins_when_trained_blocks_change_and_not_when_one_is_added():
    halves = tuple(block(i, 0.125, None, None, count=6) for i in range(6))
    again = (block(0, 0.25, 0.81, 0.35), block(1, 0.5, None, None, status="waiting"), CHAIN[2])
    assert begins_round(CHAIN, halves)
    assert begins_round(CHAIN, again)
    assert begins_round(CHAIN, CHAIN[:2])
    assert not begins_round(CHAIN, CHAIN)
    assert not begins_round(CHAIN[:2], CHAIN)
    assert not begins_round((), CHAIN)


def test_the_spread_compares_trained_steps_only():
    uneven = (
        block(0, 1.0, None, None, w2=0.4),
        block(1, 1.0, None, None, w2=0.1),
        block(2, 1, None, None, w2=9, is_free=True),
    )
    assert spread(uneven) == pytest.approx(4.0)
    assert spread(uneven[:1]) is None


def test_figures_keep_the_digits_that_matter():
    assert [figure(x) for x in (0.4231, 0.0123, 3e-5, 12.3, 123.4, 0.0)] == [
        "0.42",
        "0.012",
        "3e−5",
        "12.3",
        "123",
        "0",
    ]


def test_blocks_after_an_edit_are_told_beside_those_that_end_at_the_same_place():
    def chain(*nlls):
        return [BlockInfo(i, "trained", 0.5, 0.0, 1.0, 0.1, {}, nll) for i, nll in enumerate(nlls)]

    def half(block):  # a half of a block ends where the whole did, but it goes another way
        return replace(block, w2_squared=None)

    before = chain(4.0, 3.0, 2.0)
    a, b, c = before
    assert aligned(before, chain(4.0, 2.2)) == (a, c), "the second was dropped"
    assert aligned(before, chain(4.0, 3.5, 2.9, 2.1)) == (a, None, half(b), c), "the second was split"
    assert aligned(before, chain(4.0, 2.9, 1.9)) == (a, b, c), "the second was trained anew"
    assert aligned(before, chain(4.0, 3.0, 2.0, 1.5)) == (a, b, c, None), "one was added"
    assert aligned(before, chain(4.0, 3.0)) == (a, b), "the last was dropped"
    assert aligned(before, chain(5.0, 3.9, 3.4, 2.9, 2.5, 1.9)) == (None, half(a), None, half(b), None, half(c))
    assert change_words(before[0], chain(3.75)[0]) == "NLL 4.000 → 3.750, W₂² 0.10 → 0.10"
    assert change_words(None, before[0]) == ""
