"""What is timed says what it should: the same work for all, operations that are counted right, exponents that are known."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import torch
from benchmarks import growth, measuring, training

from seq2seq import fused
from seq2seq.config import UserError
from seq2seq.model import PAD
from seq2seq.training import loss_of
from tests.benchmarks.__main__ import given, main
