"""librdkafka (through confluent-kafka) sends one record a job, without trying again.

Each line of standard input is a job: bootstrap, topic, acks, value. Each line of standard output is its answer:
{"ok": [CODE, OFFSET]}, as the delivery report says, 0 if it was delivered and -1 if it was not, or {"error": "..."}.
"""

import json
import sys

from confluent_kafka import Producer

SECONDS = 40  # a watchdog, not a measure


def report(error, message):
    if error is not None:
        return [error.code(), -1]
    # Without an answer there is no offset.
    return [0, -1 if message.offset() is None else message.offset()]


def send(job):
    producer = Producer({
        "bootstrap.servers": job["bootstrap"],
        "acks": job["acks"],
        "enable.idempotence": False,
        "retries": 0,
        "request.timeout.ms": 30000,
        "message.timeout.ms": SECONDS * 1000,
    })
    reports = []
    producer.produce(
        job["topic"],
        partition=0,
        value=job["value"].encode(),
        on_delivery=lambda error, message: reports.append(report(error, message)),
    )
    if producer.flush(SECONDS) or len(reports) != 1:
        raise RuntimeError(f"one delivery report was due, and {reports} came")
    return reports[0]


for line in sys.stdin:
    try:
        answer = {"ok": send(json.loads(line))}
    except Exception as error:  # whatever it is, the test wants to print it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
