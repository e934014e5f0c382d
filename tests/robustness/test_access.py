"""Models that others made: wrapped, of half precision, of odd outputs, random, batch by batch."""

import copy
from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import (
    SanityWarning,
    SequenceClassifier,
    Threat,
    minimal_perturbations,
    robustness_curve,
    under_attack,
)
from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.attacks.sparse import sparse
from rnnspec.robustness.attacks.universal import universal

N, T = 40, 6


class Last(nn.Module):
    """A GRU whose last state is read out; TorchScript can read its source here."""

    def __init__(self, batch_first: bool = True):
        super().__init__()
        self.rnn, self.readout = nn.GRU(2, 8, batch_first=batch_first), nn.Linear(8, 2)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


class TrueLast(Last):
    def forward(self, x: torch.Tensor, lengths: torch.Tensor):
        states = self.rnn(x)[0]
        return self.readout(states[torch.arange(states.shape[0]), lengths - 1])


class Of(Last):
    """What becomes of the logits is for the test to say."""

    def __init__(self, outputs, **options):
        super().__init__(**options)
        self.outputs = outputs

    def forward(self, x):
        return self.outputs(super().forward(x))


class OfStates(Of):
    def forward(self, x):
        return self.outputs(self.readout(self.rnn(x)[0]))


def some_data(n=N, padded=False):
    rng = np.random.default_rng(0)
    X, lengths = rng.standard_normal((n, T, 2)), np.full(n, T)
    if padded:
        lengths[::2] = 4
    return SequenceDataset.from_raw(X, lengths, X[:, 3, 0] > 0, ("no", "yes"))


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    model, data = TrueLast(), some_data()
    optimiser = torch.optim.Adam(model.parameters(), 0.03)
    x, lengths, y = map(torch.from_numpy, (data.inputs, data.lengths, data.labels))
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x, lengths), y).backward()
        optimiser.step()
    return model.state_dict()


@pytest.fixture
def trained(weights):
    def make(model):
        model.load_state_dict(weights)
        return model

    return make


def compiled(model):
    return torch.compile(model, backend="eager")


def frozen(model):
    return torch.jit.freeze(torch.jit.script(model.eval()))


WRAPPERS = [nn.DataParallel, compiled, torch.jit.script, frozen]


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize(("made", "padded"), [(Last, False), (TrueLast, False), (TrueLast, True)])
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:FutureWarning")
def test_in_a_wrapper_a_model_is_the_same(trained, wrap, made, padded):
    model, data = trained(made()), some_data(padded=padded)
    # TorchScript keeps no eager module alive: each gets its own.
    wrapped = wrap(copy.deepcopy(model))
    plain, other = (
        robustness_curve(one, data, epsilons=[0, 0.2, 0.6], iterations=4)
        for one in (model, wrapped)
    )
    assert plain.clean_accuracy > 0.6
    assert 0 < plain.accuracy[-1] < plain.accuracy[0]
    for name in ("accuracy", "thresholds", "clean_accuracy"):
        assert np.array_equal(getattr(plain, name), getattr(other, name))
    assert plain.mean_loss == pytest.approx(other.mean_loss, rel=1e-5)
    r = [minimal_perturbations(one, data, "deepfool", samples=9).r for one in (model, wrapped)]
    assert r[0] == pytest.approx(r[1], rel=1e-4)


@pytest.mark.parametrize("wrap", [nn.DataParallel, compiled])
def test_the_state_moves_in_a_wrapper(wrap):
    model = SequenceClassifier("gru", 2, 2, hidden=4)
    with under_attack(model, some_data(), Threat("state")) as plain:
        u = torch.ones_like(plain.zeros())
        expected = plain.logits(u)
        assert not torch.allclose(expected, plain.clean_logits())
    with under_attack(wrap(model), some_data(), Threat("state")) as victim:
        torch.testing.assert_close(victim.logits(u), expected)


def test_a_state_without_a_shape_is_refused():
    class Stateful(Last):
        def forward(self, x, state=None):  # noqa: ARG002
            return super().forward(x)

    with pytest.raises(ValueError, match="`target` must be 'input'.*attribute `state_shape`"):
        robustness_curve(Stateful(), some_data(), target="state")


DTYPES = [torch.float16, torch.bfloat16, torch.float64]
EPSILONS = [0, 0.3, 1.0]
FIXED = ("pgd", "apgd", "square", "fgsm", "gaussian", "uniform", "sign", "sphere")
MINIMAL = ("deepfool", "fmn", "bisection")


def attacked(model, norm):
    """A curve or the minimal perturbations of each attack."""
    options = {"norm": norm, "iterations": 8, "restarts": 2, "checks": False}
    return {
        attack: robustness_curve(model, some_data(20), attack, EPSILONS, **options)
        for attack in FIXED
    } | {
        attack: minimal_perturbations(model, some_data(20), attack, norm=norm) for attack in MINIMAL
    }


@pytest.fixture(scope="module", params=["linf", "l2"])
def in_single(request, weights):
    """A norm, and what the attacks find in float32."""
    model = Last()
    model.load_state_dict(weights)
    return request.param, attacked(model, request.param)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_precision_is_attacked_by_everything(trained, in_single, dtype):
    # Within what the logits of half precision tell apart, all find what float32 finds.
    (norm, expected), model = in_single, trained(Last()).to(dtype)
    eps, found = max(torch.finfo(dtype).eps, 1e-3), attacked(model, norm)
    for attack in FIXED:
        apart = np.abs(found[attack].accuracy - expected[attack].accuracy).max()
        assert apart <= 0.1 + 4 * eps, attack
        assert (found[attack].max_perturbation <= np.array(EPSILONS) * (1 + 1e-5)).all()
    for attack in MINIMAL:
        assert found[attack].success_rate == 1
        median = expected[attack].median
        assert found[attack].median == pytest.approx(median, rel=0.02 + 8 * eps), attack
    with under_attack(model, some_data(20), Threat(norm=norm)) as victim:
        assert victim.zeros().dtype == victim.logits(victim.zeros()).dtype
        assert victim.zeros().dtype == (dtype if dtype == torch.float64 else torch.float32)
        u = sparse(victim, epsilon=2.0)
        assert (victim.is_fooled(u) | ((u != 0).any(2).sum(1) == T)).all()
        common = victim.budget.clip(universal(victim, 1.0, iterations=20))
        assert victim.is_fooled(common)[~victim.wrong()].double().mean() > 0.2


def test_the_precision_is_one_that_the_layers_take(trained):
    class Mixed(Last):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(3, 2).half()
            self.register_buffer("positions", torch.zeros(1, dtype=torch.float64))

    mixed = Mixed()
    mixed.load_state_dict(trained(Last()).state_dict(), strict=False)
    with (
        under_attack(mixed, some_data()) as victim,
        under_attack(trained(Last()), some_data()) as p,
    ):
        assert torch.equal(victim.clean_logits(), p.clean_logits())


def test_what_no_precision_mends_is_the_first_error():
    class Broken(nn.Module):
        def forward(self, x):
            raise RuntimeError(f"no {x.dtype}")

    with pytest.raises(RuntimeError, match="no torch.float32"), under_attack(Broken(), some_data()):
        pass


def refusal(model, data=None, **options):
    with pytest.raises(ValueError, match=".") as error:
        robustness_curve(model, data or some_data(), epsilons=[0, 0.1], iterations=2, **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (
            Of(lambda z: (z, None)),
            "got tuple (wrap the module in one that returns the logits alone",
        ),
        (Of(lambda z: {"logits": z}), "got dict (wrap the module"),
        (Of(lambda z: namedtuple("Out", "logits")(z)), "of a record its field .logits"),
        (Of(lambda z: z.argmax(1)), "got torch.int64 of shape (40,) (an argmax inside?"),
        (
            Of(lambda z: z[:, 0]),
            "its logits have 1: of one logit z per sequence return torch.stack",
        ),
        (
            Of(lambda z: z[:, :1]),
            "its logits have 1: of one logit z per sequence return torch.stack",
        ),
        (OfStates(lambda z: z), "got (40, 6, 2) (outputs of every step? return those of the last"),
        (OfStates(lambda z: z[-1], batch_first=False), "(6, 2) (a recurrent layer without batch_f"),
        (
            OfStates(lambda z: z[:, -1], batch_first=False),
            "with another sequence in the batch (a r",
        ),
        (
            OfStates(lambda z: z.mean(1), batch_first=False),
            "with another sequence in the batch (a r",
        ),
        (Of(lambda z: z - z.mean(0)), "must answer each sequence by itself"),
        (Of(lambda z: z.softmax(1)), "its outputs are probabilities (a softmax"),
        (Of(lambda z: z.softmax(1)).to(torch.bfloat16), "its outputs are probabilities (a softmax"),
        (lambda x: x, "`model` must be a torch.nn.Module, got function"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(2)), "must have weights with values"),
        (Last().to("meta"), "must have weights with values"),
    ],
)
def test_what_cannot_be_attacked_is_refused_with_the_way_out(model, says):
    assert says in refusal(model)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: Of(lambda z: z.softmax(1)), "probabilities"),
        (lambda: OfStates(lambda z: z[:, -1], batch_first=False), "with another sequence"),
    ],
)
def test_one_sequence_is_enough_to_see_it(made, says):
    assert says in refusal(made(), some_data(1))


@pytest.mark.parametrize(
    "outputs",
    [
        lambda z: torch.stack(
            [0.5 - z[:, 1] / 9, 0.5 + z[:, 1] / 9], 1
        ),  # sums to 1, leaves [0, 1]
        lambda z: z.log_softmax(1),
        lambda z: z * 0 + torch.tensor([0.25, 0.75]),
        lambda z: z.sigmoid(),
    ],
)
@pytest.mark.parametrize("n", [1, N])
def test_logits_that_look_like_probabilities_are_logits(trained, outputs, n):
    with under_attack(trained(Of(outputs)), some_data(n)) as victim:
        assert len(victim.clean_logits()) == n


def test_random_logits_are_doubted(trained):
    class Random(Last):
        def forward(self, x):
            return self.readout(nn.functional.dropout(self.rnn(x)[0][:, -1], 0.5, training=True))

    torch.manual_seed(0)
    with pytest.warns(SanityWarning, match="different logits for the same sequences"):
        curve = robustness_curve(trained(Random()), some_data(), "sign", [0, 1], checks=False)
    assert curve.warnings[0].startswith("the model gives different logits")


def test_padding_that_may_be_read_is_said_once(trained):
    class Other(Last):
        def forward(self, x, lens=None):  # noqa: ARG002
            return super().forward(x)

    data = some_data(padded=True)
    says = "20 of 40 sequences are padded, and the forward of Other has no parameter `lengths`"
    with pytest.warns(SanityWarning) as record:
        curve = robustness_curve(trained(Other()), data, "sign", [0, 0.1])
    (text,) = curve.warnings
    assert text.startswith(says + " (it has `lens`, which is given nothing)")
    assert [str(one.message) for one in record] == [text]
    assert robustness_curve(trained(TrueLast()), data, "sign", [0, 0.1]).warnings == ()
    assert robustness_curve(trained(Other()), some_data(), "sign", [0, 0.1]).warnings == ()


def test_another_required_argument_is_refused():
    class Needy(Last):
        def forward(self, x, seq_lens):  # noqa: ARG002
            return super().forward(x)

    assert "the forward of Needy requires `seq_lens`" in refusal(Needy())
