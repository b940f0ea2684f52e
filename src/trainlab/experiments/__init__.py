"""Configurations, presets and runs."""

from trainlab.experiments.assemble import learning_rates, open_group, summarize_network
from trainlab.experiments.config import Config
from trainlab.experiments.kept_network import (
    Evaluation,
    TrainedNetwork,
    evaluate_run,
    images_of,
    load_kept,
    load_network,
)
from trainlab.experiments.prediction import predict_images
from trainlab.experiments.preset import Preset, load_preset, preset_names, study_names
from trainlab.experiments.run_folder import RunFolder, next_run_path
from trainlab.experiments.samples import Samples, take_samples
from trainlab.experiments.training_run import Result, resume, train

__all__ = [
    "Config",
    "Evaluation",
    "Preset",
    "Result",
    "RunFolder",
    "Samples",
    "TrainedNetwork",
    "evaluate_run",
    "images_of",
    "learning_rates",
    "load_kept",
    "load_network",
    "load_preset",
    "next_run_path",
    "open_group",
    "predict_images",
    "preset_names",
    "resume",
    "study_names",
    "summarize_network",
    "take_samples",
    "train",
]
