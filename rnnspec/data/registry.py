"""What can be trained on: names, files, checksums, mirrors.  No code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RemoteFile:
    """A published file; `md5_plain` is that of its content once un-gzipped."""

    name: str
    size: int
    sha256: str
    md5_plain: str


@dataclass(frozen=True)
class ImageSet:
    """A data set of the MNIST family; files in the order train, test; images, labels."""

    folders: tuple[str, ...]
    mirrors: tuple[str, ...]
    files: tuple[RemoteFile, RemoteFile, RemoteFile, RemoteFile]
    mean: float
    std: float
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A line of ``rnnspec datasets list``."""

    name: str
    about: str
    views: tuple[str, ...]
    licence: str


SERIES_VIEWS = ("series",)

ENTRIES = (
    Entry(
        "digits",
        "handwritten digits, 1797 of 8 x 8, bundled with scikit-learn; the default",
        ("rows", "cols", "pixels", "permuted"),
        "CC BY 4.0 (UCI, Alpaydin and Kaynak 1998)",
    ),
    Entry(
        "mnist",
        "handwritten digits, 60000 + 10000 of 28 x 28",
        ("rows", "pixels", "permuted"),
        "usually given as CC BY-SA 3.0",
    ),
    Entry(
        "fashion-mnist",
        "articles of clothing, 60000 + 10000 of 28 x 28",
        ("rows", "pixels", "permuted"),
        "MIT",
    ),
    Entry(
        "japanese-vowels",
        "nine speakers, 270 + 370 series of 7 to 29 steps, 12 channels; ucr:JapaneseVowels",
        SERIES_VIEWS,
        "CC BY 4.0 (UCI)",
    ),
    Entry(
        "ucr:NAME",
        "any data set of the UCR and UEA archives by its name there, such as ucr:ArrowHead",
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
        "the order of two marks among distractors, 4 classes; generated",
        SERIES_VIEWS,
        "none",
    ),
    Entry(
        "synthetic:adding",
        "do two marked numbers sum to less than 1, 2 classes; generated",
        SERIES_VIEWS,
        "none",
    ),
    Entry(
        "synthetic:sine",
        "noisy sines of 4 frequencies and any phase; generated",
        SERIES_VIEWS,
        "none",
    ),
)

ALIASES = {"japanese-vowels": "ucr:JapaneseVowels"}

DIGITS = tuple("0123456789")

IMAGE_SETS = {
    "mnist": ImageSet(
        folders=("mnist", "MNIST/raw"),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://raw.githubusercontent.com/fgnt/mnist/master/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                9912422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "6bbc9ace898e44ae57da46a324031adb",
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                28881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "a25bea736e30d166cdddb491f175f624",
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                1648877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "2646ac647ad5339dbf082846283269ea",
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                4542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                "27ae3e4e09519cfbb04c329615203637",
            ),
        ),
        mean=0.1307,
        std=0.3081,
        class_names=DIGITS,
    ),
    "fashion-mnist": ImageSet(
        folders=("fashion-mnist", "FashionMNIST/raw"),
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
            "b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/",
        ),
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                26421880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                29515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "9018921c3c673c538a1fc5bad174d6f9",
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                4422102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "8181f5470baa50b63fa0f6fddb340f0a",
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                5148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                "15d484375f8d13e6eb1aabb0c3f46965",
            ),
        ),
        mean=0.2860,
        std=0.3530,
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
}

ARCHIVE = "https://timeseriesclassification.com/aeon-toolkit/{name}.zip"
ZENODO = "https://zenodo.org/records/{record}/files/{name}.zip"

# One record per set, tried after the archive's own site.
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

# The archives publish no checksums: these are of members whose content is
# known.  Other members are taken as they come, and their hash is recorded.
ARCHIVE_SHA256 = {
    "JapaneseVowels_TRAIN.ts": "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    "JapaneseVowels_TEST.ts": "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    "BasicMotions_TRAIN.ts": "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
    "BasicMotions_TEST.ts": "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
    "ArrowHead_TRAIN.ts": "a83c470aaf611a5f5284377cce27a5fc9f6292bc3d110257b0fd4905ced5ee72",
    "ArrowHead_TEST.ts": "5417dab42626d41df5e435bb22458c2df40dfad4bcd3b59559bbe72e20e84904",
}
