"""Training on a CUDA device; skipped where there is none."""

import pytest
import torch

import rnnspec
from rnnspec import Normalize, SequenceClassifier, train
from rnnspec.training.config import TrainingConfig
from rnnspec.training.run import train_run

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.mark.parametrize("estimator", ["rayleigh", "power", "exact"])
@pytest.mark.parametrize("quantity", ["radius", "norm"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_normalised_training(walks, quantity, estimator, bidirectional):
    data, losses = walks(), {}
    for device in ("cpu", "cuda"):
        model = SequenceClassifier("lstm", 2, 3, 12, bidirectional=bidirectional)
        normalize = Normalize(quantity, 0.7, estimator)
        run = train(model, data, epochs=2, batch_size=30, normalize=normalize, device=device)
        losses[device] = run.history[-1]["train_loss"]
        assert next(model.parameters()).device.type == device
        measure = rnnspec.spectral_radius if quantity == "radius" else rnnspec.spectral_norm
        for W in rnnspec.recurrent_matrices(model).values():
            assert measure(W) <= 0.7 * (1 + 1e-6)
    assert losses["cuda"] == pytest.approx(losses["cpu"], rel=0.02)


def test_a_run_resumes(tmp_path):
    config = TrainingConfig(cell="gru", hidden=5, epochs=2, batch_size=500, device="cuda")
    config = TrainingConfig(**vars(config) | {"normalize": "norm"})

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(config, tmp_path / "run", on_epoch=stop)
    assert len(train_run(config, tmp_path / "run", resume=True).history) == 2
    assert list(rnnspec.recurrent_matrices(tmp_path / "run")) == [
        "layer0.reset",
        "layer0.update",
        "layer0.new",
    ]
