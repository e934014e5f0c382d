"""Every data set by name: what it is, where series come from, and their checksums."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A data set as ``rnnspec datasets list`` shows it."""

    name: str
    about: str
    views: tuple[str, ...]
    licence: str


SERIES_VIEWS = ("series",)

ENTRIES = (
    Entry(
        "digits",
        "1797 handwritten digits of 8 x 8 pixels, which come with scikit-learn; the default",
        ("rows", "cols", "pixels", "permuted"),
        "CC BY 4.0 (UCI, Alpaydin and Kaynak 1998)",
    ),
    Entry(
        "mnist",
        "handwritten digits of 28 x 28 pixels, 60000 to train and 10000 to test",
        ("rows", "pixels", "permuted"),
        "usually given as CC BY-SA 3.0",
    ),
    Entry(
        "fashion-mnist",
        "articles of clothing of 28 x 28 pixels, 60000 to train and 10000 to test",
        ("rows", "pixels", "permuted"),
        "MIT",
    ),
    Entry(
        "japanese-vowels",
        "vowels of nine speakers, 12 channels, 7 to 29 steps, 270 to train and 370 to test",
        SERIES_VIEWS,
        "CC BY 4.0 (UCI)",
    ),
    Entry(
        "ucr:NAME",
        "any data set of the UCR and UEA archives, for example ucr:ArrowHead",
        SERIES_VIEWS,
        "research use with citation (Dau et al. 2018, Bagnall et al. 2018)",
    ),
    Entry(
        "ts:PATH",
        "your own .ts files: the TRAIN file, its folder, or the path before _TRAIN.ts",
        SERIES_VIEWS,
        "yours",
    ),
    Entry(
        "tsv:PATH",
        "your own .tsv files: the TRAIN file, its folder, or the path before _TRAIN.tsv",
        SERIES_VIEWS,
        "yours",
    ),
    Entry(
        "synthetic:temporal-order",
        "the order of two marks, each X or Y, among distractors; 4 classes, generated",
        SERIES_VIEWS,
        "none",
    ),
    Entry(
        "synthetic:adding",
        "whether the sum of two marked numbers is below 1; 2 classes, generated",
        SERIES_VIEWS,
        "none",
    ),
    Entry(
        "synthetic:sine",
        "noisy sines of 4 frequencies and any phase; 4 classes, generated",
        SERIES_VIEWS,
        "none",
    ),
)

ALIASES = {"japanese-vowels": "ucr:JapaneseVowels"}

DIGITS = tuple("0123456789")

ARCHIVE = "https://timeseriesclassification.com/aeon-toolkit/{name}.zip"
ZENODO = "https://zenodo.org/records/{record}/files/{name}.zip"

# One record for each set, which is tried after the archive's own site.
ZENODO_RECORDS = {
    "ArrowHead": 11185163,
    "BasicMotions": 11206179,
    "CharacterTrajectories": 18723007,
    "ECG5000": 11186692,
    "FordA": 11191164,
    "GunPoint": 11191244,
    "ItalyPowerDemand": 11197656,
    "JapaneseVowels": 18735628,
    "Libras": 11206239,
    "NATOPS": 11206248,
    "OSULeaf": 11197848,
    "PLAID": 11197936,
    "PenDigits": 11206259,
    "RacketSports": 11206263,
    "SpokenArabicDigits": 18734026,
    "SyntheticControl": 11198330,
    "UWaveGestureLibrary": 11206282,
    "Wafer": 11198387,
}

# The archives publish no checksums.  These are the checksums of files whose content we have read;
# other files are taken as they come, and a run directory records their hash.
ARCHIVE_SHA256 = {
    "JapaneseVowels_TRAIN.ts": "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    "JapaneseVowels_TEST.ts": "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    "BasicMotions_TRAIN.ts": "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
    "BasicMotions_TEST.ts": "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
    "ArrowHead_TRAIN.ts": "a83c470aaf611a5f5284377cce27a5fc9f6292bc3d110257b0fd4905ced5ee72",
    "ArrowHead_TEST.ts": "5417dab42626d41df5e435bb22458c2df40dfad4bcd3b59559bbe72e20e84904",
}
