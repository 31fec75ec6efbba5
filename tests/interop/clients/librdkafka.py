"""librdkafka (through confluent-kafka) as a client that takes jobs.

Each line of standard input is a job, each line of standard output its answer: {"ok": ...} or {"error": "..."}.

produce   bootstrap, topic, acks, compression, file     sends the records of the file; answers how many
consume   bootstrap, topic, partitions, count, file     reads from the beginning until `count` records are there, then
                                                        asks where the partitions end; answers those offsets

Files are JSON lines: partition, offset, timestamp, key, value, headers; byte strings in hexadecimal.
"""

import json
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

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


def row(message):
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": message.timestamp()[1],
        "key": tohex(message.key()),
        "value": tohex(message.value()),
        "headers": [[name, tohex(value)] for name, value in message.headers() or []],
    }


JOBS = {"produce": produce, "consume": consume}

for line in sys.stdin:
    job = json.loads(line)
    try:
        answer = {"ok": JOBS[job["job"]](job)}
    except Exception as error:  # whatever it is, the test wants to print it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
