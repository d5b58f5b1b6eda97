"""Reading a Kafka broker. Each test has a topic of its own; offsets are counted by hand, from 0 in every partition."""

from __future__ import annotations

import time
import traceback
from uuid import uuid4

import pytest

from scripts.kafka import free_port
from segspark.config.sources import Source
from segspark.errors import BadInputError
from segspark.io.kafka import new_rows

pytestmark = pytest.mark.slow


@pytest.fixture
def topic(broker):
    """A topic of two partitions."""
    name = f"clicks-{uuid4().hex}"
    broker.create(name, 2)
    return name


def source(broker, topic, schema=None, **options):
    connection = {"kafka.bootstrap.servers": broker.address, "subscribe": topic}
    return Source(name="clicks", format="kafka", columns={}, schema=schema, options=connection | options)


def messages(batch):
    return sorted((row["partition"], row["offset"], row["value"]) for rows in batch.rows for row in rows.collect())


def problem(there, given, known=None):
    """What is said, and all that a traceback would show."""

    def fail(spark):
        try:
            new_rows(spark, given, known or {})
        except BadInputError as error:
            return str(error), traceback.format_exc()
        raise AssertionError("no error")

    return there(fail)


def test_the_first_read_is_of_all_messages_with_the_offsets_that_come_next(there, broker, topic):
    def read(spark):
        broker.send(spark, topic, 0, ["a", "b"])
        broker.send(spark, topic, 1, ["c"])
        batch = new_rows(spark, source(broker, topic), {})
        return messages(batch), dict(batch.positions), batch.notes

    expected = [(0, 0, "a"), (0, 1, "b"), (1, 0, "c")]
    assert there(read) == (expected, {f"{topic}/0": "2", f"{topic}/1": "1"}, ())


def test_the_second_read_is_of_the_messages_since(there, broker, topic):
    def read(spark):
        broker.send(spark, topic, 0, ["a", "b"])
        first = new_rows(spark, source(broker, topic), {})
        broker.send(spark, topic, 0, ["c"])
        broker.send(spark, topic, 1, ["d"])
        second = new_rows(spark, source(broker, topic), first.positions)
        third = new_rows(spark, source(broker, topic), second.positions)
        return messages(second), third.rows, second.positions == third.positions

    assert there(read) == ([(0, 2, "c"), (1, 0, "d")], (), True)


def test_messages_and_partitions_that_come_after_the_batch_was_made_are_in_the_next_one(there, broker, topic):
    def read(spark):
        broker.send(spark, topic, 0, ["a"])
        batch = new_rows(spark, source(broker, topic), {})
        before = messages(batch)
        broker.add_partitions(topic, 3)
        broker.send(spark, topic, 0, ["b"])
        broker.send(spark, topic, 2, ["c"])
        return before, messages(batch), messages(new_rows(spark, source(broker, topic), batch.positions))

    assert there(read) == ([(0, 0, "a")], [(0, 0, "a")], [(0, 1, "b"), (2, 0, "c")])


def test_a_topic_without_messages_has_nothing_new(there, broker, topic):
    def read(spark):
        batch = new_rows(spark, source(broker, topic), {})
        return batch.rows, dict(batch.positions)

    assert there(read) == ((), {f"{topic}/0": "0", f"{topic}/1": "0"})


def test_keys_and_values_are_texts_beside_where_the_message_was(there, broker, topic):
    def read(spark):
        broker.send(spark, topic, 1, ["é 'x'", None])
        (rows,) = new_rows(spark, source(broker, topic), {}).rows
        return rows.dtypes, sorted(tuple(row) for row in rows.drop("timestamp").collect())

    types, found = there(read)
    assert types == [
        ("key", "string"), ("value", "string"), ("topic", "string"), ("partition", "int"), ("offset", "bigint"),
        ("timestamp", "timestamp"),
    ]  # fmt: skip
    assert found == [("k0", "é 'x'", topic, 1, 0), ("k1", None, topic, 1, 1)]


def test_with_a_schema_the_fields_of_the_value_are_columns_and_what_is_no_json_keeps_its_text(there, broker, topic):
    given = source(broker, topic, schema="id INT, `a.b` STRUCT<c: STRING>")

    def read(spark):
        broker.send(spark, topic, 0, ['{"id": 7, "a.b": {"c": "x"}, "other": 1}', "no {json", '{"id": "many"}', None])
        (rows,) = new_rows(spark, given, {}).rows
        return sorted(
            tuple(row) for row in rows.selectExpr("offset", "id", "`a.b`.c", "value", "_corrupt_record").collect()
        )

    assert there(read) == [
        (0, 7, "x", '{"id": 7, "a.b": {"c": "x"}, "other": 1}', None),
        (1, None, None, "no {json", "no {json"),
        (2, None, None, '{"id": "many"}', '{"id": "many"}'),
        (3, None, None, None, None),
    ]


def test_several_topics_are_read_together(there, broker, topic):
    other = f"other-{uuid4().hex}"
    broker.create(other, 1)

    def read(spark):
        broker.send(spark, topic, 0, ["a"])
        broker.send(spark, other, 0, ["b", "c"])
        batch = new_rows(spark, source(broker, f"{topic},{other}"), {f"{other}/0": "1"})
        return messages(batch), dict(batch.positions)

    positions = {f"{topic}/0": "1", f"{topic}/1": "0", f"{other}/0": "2"}
    assert there(read) == ([(0, 0, "a"), (0, 1, "c")], positions)


def test_messages_that_expired_before_they_were_read_are_an_error_that_says_how_to_go_on(there, broker, topic):
    there(lambda spark: broker.send(spark, topic, 0, ["a", "b", "c", "d"]))
    broker.expire(topic, 0, before=3)
    said, _ = problem(there, source(broker, topic), {f"{topic}/0": "1", f"{topic}/1": "0"})
    assert said == (
        f"source clicks: topic {topic}, partition 0 was read to offset 1 but starts at 3: messages expired before they "
        "were read; to go on with what is left, set options.failOnDataLoss: false for one run"
    )


def test_what_is_left_is_read_with_a_note_where_the_source_says_so(there, broker, topic):
    def read(spark):
        broker.send(spark, topic, 0, ["a", "b", "c", "d"])
        broker.expire(topic, 0, before=3)
        batch = new_rows(spark, source(broker, topic, failOnDataLoss=False), {f"{topic}/0": "1", f"{topic}/1": "0"})
        return messages(batch), batch.notes, dict(batch.positions)

    found, (note,), positions = there(read)
    assert found == [(0, 3, "d")]
    assert "starts at 3" in note
    assert positions == {f"{topic}/0": "4", f"{topic}/1": "0"}


def test_messages_that_expired_before_the_first_read_are_nobody_s_loss(there, broker, topic):
    def read(spark):
        broker.send(spark, topic, 0, ["a", "b", "c"])
        broker.expire(topic, 0, before=2)
        batch = new_rows(spark, source(broker, topic), {})
        return messages(batch), batch.notes

    assert there(read) == ([(0, 2, "c")], ())


def test_a_topic_made_again_is_an_error_and_then_read_from_its_start(there, broker, topic):
    known = {f"{topic}/0": "3", f"{topic}/1": "0"}
    broker.delete(topic)
    time.sleep(2)  # deleting goes on after the command ended
    broker.create(topic, 1)
    said, _ = problem(there, source(broker, topic), known)
    assert f"topic {topic}, partition 0 was read to offset 3 but ends at 0: was the topic made again?" in said
    assert f"topic {topic}, partition 1 was read to offset 0 and is gone" in said

    def read(spark):
        broker.send(spark, topic, 0, ["new"])
        batch = new_rows(spark, source(broker, topic, failOnDataLoss=False), known)
        after = new_rows(spark, source(broker, topic), known | dict(batch.positions))
        return messages(batch), after.rows, after.notes

    assert there(read) == ([(0, 0, "new")], (), ())


def test_a_missing_topic_is_named(there, broker):
    said, _ = problem(there, source(broker, "no-such-topic"))
    assert said.startswith("source clicks: no-such-topic cannot be read from Kafka: ")
    assert said.endswith("no such topic: check options.subscribe")
    assert "\n" not in said


def test_a_broker_that_is_down_is_said_within_half_a_minute_or_so(there, broker, topic):
    address = f"127.0.0.1:{free_port()}"
    started = time.monotonic()
    said, _ = problem(there, source(broker, topic, **{"kafka.bootstrap.servers": address}))
    assert said.endswith("check options: kafka.bootstrap.servers, and that it runs")
    assert time.monotonic() - started < 60


def test_a_host_that_does_not_exist_is_said(there, broker, topic):
    said, _ = problem(there, source(broker, topic, **{"kafka.bootstrap.servers": "no-such-host.invalid:9092"}))
    assert said.endswith("check options: kafka.bootstrap.servers, and that it runs")


def test_a_refused_login_is_said_without_the_password(there, broker, topic):
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    login = f"{module} required username='u' password='wr0ng-secret';"
    options = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.jaas.config": login}
    given = source(broker, topic, **{f"kafka.{key}": value for key, value in options.items()})
    said, shown = problem(there, given)
    assert said.endswith("check the user and the settings kafka.sasl.* and kafka.ssl.* in options")
    assert "wr0ng-secret" not in shown


def test_a_schema_that_does_not_parse_is_said(there, broker, topic):
    there(lambda spark: broker.send(spark, topic, 0, ["a"]))
    said, _ = problem(there, source(broker, topic, schema="id NOTYPE"))
    assert "NOTYPE" in said


def test_a_field_that_every_message_has_already_is_refused(there, broker, topic):
    there(lambda spark: broker.send(spark, topic, 0, ["a"]))
    said, _ = problem(there, source(broker, topic, schema="id INT, Timestamp STRING"))
    assert "get_json_object(value, '$.Timestamp')" in said


def test_options_that_choose_offsets_are_refused(there, broker, topic):
    said, _ = problem(there, source(broker, topic, startingOffsets="latest"))
    assert said == "source clicks: options.startingOffsets: segspark decides where to start and to end; leave it out"
