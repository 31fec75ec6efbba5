"""librdkafka (through confluent-kafka) sends one record a job, without trying again.

Each line of standard input is a job: bootstrap, topic, acks, value. Each line of standard output is its answer: {"ok": CODE},
the error code of the delivery report, 0 if it was delivered, or {"error": "..."}.
"""

import json
import sys

from confluent_kafka import Producer

SECONDS = 40  # a watchdog, not a measure


def send(job):
    producer = Producer({
        "bootstrap.servers": job["bootstrap"],
        "acks": job["acks"],
        "enable.idempotence": False,
        "retries": 0,
        "request.timeout.ms": 30000,
        "message.timeout.ms": SECONDS * 1000,
    })
    codes = []
    producer.produce(
        job["topic"],
        partition=0,
        value=job["value"].encode(),
        on_delivery=lambda error, message: codes.append(0 if error is None else error.code()),
    )
    if producer.flush(SECONDS) or len(codes) != 1:
        raise RuntimeError(f"one delivery report was due, and {codes} came")
    return codes[0]


for line in sys.stdin:
    try:
        answer = {"ok": send(json.loads(line))}
    except Exception as error:  # whatever it is, the test wants to print it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
