"""librdkafka (through confluent-kafka) as a client that takes jobs.

Each line of standard input is a job, each line of standard output its answer: {"ok": ...} or {"error": "..."}.

transact  bootstrap, topic, partitions, group           commits and aborts transactions, is fenced; answers what readers see
group     bootstrap, topic, partitions, group, count, file
                                                        two members read the topic together, one leaves, one comes back
                                                        to what is committed; answers what each step looked like
produce   bootstrap, topic, acks, compression, file     sends the records of the file; answers how many
consume   bootstrap, topic, partitions, count, file     reads from the beginning until `count` records are there, then
                                                        asks where the partitions end; answers those offsets

Files are JSON lines: partition, offset, timestamp, key, value, headers; byte strings in hexadecimal.
"""

import json
import sys
import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

SECONDS = 20  # a watchdog, not a measure


def unhex(text):
    return None if text is None else bytes.fromhex(text)


def tohex(data):
    return None if data is None else data.hex()


def produce(job):
    producer = Producer({
        "bootstrap.servers": job["bootstrap"],
        "acks": job["acks"],
        "compression.type": job["compression"],
        "enable.idempotence": job["acks"] == "all",
        "linger.ms": 5,
        "message.timeout.ms": SECONDS * 1000,
    })
    failed = []
    delivered = 0

    def report(error, message):
        nonlocal delivered
        if error is not None:
            failed.append(str(error))
        else:
            delivered += 1

    with open(job["file"], encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            producer.produce(
                job["topic"],
                partition=row["partition"],
                timestamp=row["timestamp"],
                key=unhex(row["key"]),
                value=unhex(row["value"]),
                headers=[(name, unhex(value)) for name, value in row["headers"]],
                on_delivery=report,
            )
            producer.poll(0)
    left = producer.flush(SECONDS)
    if failed or left:
        raise RuntimeError(f"{len(failed)} records failed, {left} were left: {failed[:1]}")
    return delivered


def consume(job):
    consumer = Consumer({
        "bootstrap.servers": job["bootstrap"],
        "group.id": "none",  # this client wants a name for it, though it is never used
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "check.crcs": True,
        "fetch.wait.max.ms": 20,
        "fetch.error.backoff.ms": 20,
    })
    rows = []
    try:
        partitions = range(job["partitions"])
        consumer.assign([TopicPartition(job["topic"], partition, 0) for partition in partitions])
        deadline = time.monotonic() + SECONDS
        while len(rows) < job["count"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {len(rows)} of {job['count']} records came")
            for message in consumer.consume(job["count"] - len(rows), timeout=0.02):
                if message.error() is not None:
                    raise KafkaException(message.error())
                rows.append(row(message))
        ends = [
            consumer.get_watermark_offsets(TopicPartition(job["topic"], partition), timeout=SECONDS)[1]
            for partition in partitions
        ]
    finally:
        consumer.close()
    with open(job["file"], "w", encoding="utf-8") as file:
        for line in rows:
            file.write(json.dumps(line) + "\n")
    return ends


def group(job):
    topic, count = job["topic"], job["count"]

    def member():
        consumer = Consumer({
            "bootstrap.servers": job["bootstrap"],
            "group.id": job["group"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "heartbeat.interval.ms": 200,
            "session.timeout.ms": 6000,
        })
        consumer.subscribe([topic])
        return consumer

    def shares(consumers):
        return sorted(len(consumer.assignment()) for consumer in consumers)

    def poll_until(consumers, rows, is_done):
        deadline = time.monotonic() + SECONDS
        while not is_done():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not done with {len(rows)} records and {shares(consumers)}")
            for consumer in consumers:
                for message in consumer.consume(100, timeout=0.02):
                    if message.error() is not None:
                        raise KafkaException(message.error())
                    rows.append(row(message))

    admin = AdminClient({"bootstrap.servers": job["bootstrap"]})
    answer = {}
    rows = []
    one = member()
    poll_until([one], rows, lambda: len(rows) == count)
    one.commit(asynchronous=False)
    answer["committed"] = committed(one, job)

    two = member()
    halves = [job["partitions"] // 2, (job["partitions"] + 1) // 2]
    poll_until([one, two], rows, lambda: shares([one, two]) == halves)
    answer["shared"] = shares([one, two])
    described = admin.describe_consumer_groups([job["group"]])[job["group"]].result(SECONDS)
    answer["described"] = [described.state.name, described.partition_assignor, len(described.members)]
    two.close()
    poll_until([one], rows, lambda: shares([one]) == [job["partitions"]])
    one.close()

    producer = Producer({"bootstrap.servers": job["bootstrap"]})
    for number in range(3):
        producer.produce(topic, partition=number % job["partitions"], value=b"later %d" % number)
    producer.flush(SECONDS)
    late = []
    three = member()
    poll_until([three], late, lambda: len(late) >= 3)
    answer["resumed with"] = sorted(bytes.fromhex(row["value"]).decode() for row in late)
    three.commit(asynchronous=False)
    three.close()

    listed = admin.list_consumer_groups().result(SECONDS).valid
    answer["listed"] = [[one.group_id, one.state.name] for one in listed if one.group_id == job["group"]]
    stored = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(job["group"])])
    stored = stored[job["group"]].result(SECONDS).topic_partitions
    answer["stored"] = sorted([one.partition, one.offset] for one in stored)
    admin.delete_consumer_groups([job["group"]])[job["group"]].result(SECONDS)
    listed = admin.list_consumer_groups().result(SECONDS).valid
    answer["deleted"] = all(one.group_id != job["group"] for one in listed)
    with open(job["file"], "w", encoding="utf-8") as file:
        for line in rows:
            file.write(json.dumps(line) + "\n")
    return answer


def transact(job):
    topic, answer = job["topic"], {}
    producer = Producer({"bootstrap.servers": job["bootstrap"], "transactional.id": job["group"] + ".id"})
    producer.init_transactions(SECONDS)

    def send(name):
        producer.begin_transaction()
        for partition in range(job["partitions"]):
            producer.produce(topic, partition=partition, value=f"{name} {partition}".encode())

    send("committed")
    producer.commit_transaction(SECONDS)
    send("aborted")
    producer.abort_transaction(SECONDS)
    send("with offsets")
    reader = Consumer({"bootstrap.servers": job["bootstrap"], "group.id": job["group"], "enable.auto.commit": False})
    offsets = [TopicPartition(topic, 0, 1)]
    producer.send_offsets_to_transaction(offsets, reader.consumer_group_metadata(), SECONDS)
    producer.commit_transaction(SECONDS)

    # Whoever takes the same id fences the first.
    send("never")
    other = Producer({"bootstrap.servers": job["bootstrap"], "transactional.id": job["group"] + ".id"})
    other.init_transactions(SECONDS)
    try:
        producer.commit_transaction(SECONDS)
        answer["fenced"] = "no"
    except KafkaException as error:
        answer["fenced"] = error.args[0].name()

    answer["offset"] = reader.committed([TopicPartition(topic, 0)], timeout=SECONDS)[0].offset
    reader.close()
    for level in ["read_committed", "read_uncommitted"]:
        answer[level] = read_all(job, level)
    return answer


def read_all(job, level):
    consumer = Consumer({
        "bootstrap.servers": job["bootstrap"],
        "group.id": "none",
        "isolation.level": level,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    })
    values, ends = [], 0
    try:
        consumer.assign([TopicPartition(job["topic"], partition, 0) for partition in range(job["partitions"])])
        deadline = time.monotonic() + SECONDS
        while ends < job["partitions"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"not at the end after {len(values)} records")
            for message in consumer.consume(100, timeout=0.02):
                if message.error() is None:
                    values.append(f"{message.partition()} {message.offset()} {message.value().decode()}")
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    ends += 1
                else:
                    raise KafkaException(message.error())
    finally:
        consumer.close()
    return sorted(values)


def committed(consumer, job):
    partitions = [TopicPartition(job["topic"], partition) for partition in range(job["partitions"])]
    return [one.offset for one in consumer.committed(partitions, timeout=SECONDS)]


def row(message):
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": message.timestamp()[1],
        "key": tohex(message.key()),
        "value": tohex(message.value()),
        "headers": [[name, tohex(value)] for name, value in message.headers() or []],
    }


JOBS = {"produce": produce, "consume": consume, "group": group, "transact": transact}

for line in sys.stdin:
    job = json.loads(line)
    try:
        answer = {"ok": JOBS[job["job"]](job)}
    except Exception as error:  # whatever it is, the test wants to print it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
