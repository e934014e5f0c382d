"""`SpectralMonitor` under Lightning and in TensorBoard, as they are."""

import csv
import sys

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from rnnspec.training.lightning import spectral_callback
from rnnspec.training.monitor import SpectralMonitor
from rnnspec.training.tensorboard import write_row

pytest.importorskip("lightning")
pytest.importorskip("tensorboard")


@pytest.mark.filterwarnings("ignore")  # Lightning's own
def test_lightning_logs_the_rows_of_its_fit(tmp_path):
    import lightning
    from lightning.pytorch.loggers import CSVLogger

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(3, 4, batch_first=True)

        def training_step(self, batch, _):
            return self.rnn(batch[0])[0].square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    callback = spectral_callback(every=2)
    trainer = lightning.Trainer(
        max_epochs=4,
        accelerator="cpu",
        callbacks=[callback],
        logger=CSVLogger(tmp_path),
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    data = DataLoader(TensorDataset(torch.randn(4, 5, 3)), batch_size=4)
    trainer.fit(Module(), data)
    history = callback.monitor.history
    assert [row["epoch"] for row in history] == [2, 4]
    name = "layer0.forget.spectral_radius"
    (metrics,) = tmp_path.rglob("metrics.csv")
    with metrics.open() as file:
        logged = [row for row in csv.DictReader(file) if row[name]]
    assert [int(row["epoch"]) for row in logged] == [1, 3]  # Lightning counts from 0
    assert [float(row[name]) for row in logged] == pytest.approx([row[name] for row in history])


def test_a_callback_that_cannot_be(monkeypatch):
    with pytest.raises(ValueError, match="`every` must be"):
        spectral_callback(every=0)
    with pytest.raises(ValueError, match="must hold recurrent weights"):
        spectral_callback().on_fit_start(None, nn.Linear(2, 2))
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    with pytest.raises(ImportError, match=r"Lightning: pip install 'rnnspec\[lightning\]'"):
        spectral_callback()


def test_tensorboard_reads_the_rows(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    monitor = SpectralMonitor(nn.GRU(2, 3))
    with SummaryWriter(tmp_path) as writer:
        for epoch in (1, 2):
            write_row(writer, monitor(epoch))
    read = EventAccumulator(str(tmp_path))
    read.Reload()
    henrici = read.Scalars("henrici/layer0.reset")
    assert [scalar.step for scalar in henrici] == [1, 2]
    assert [scalar.value for scalar in henrici] == pytest.approx(
        [row["layer0.reset.henrici"] for row in monitor.history]
    )
