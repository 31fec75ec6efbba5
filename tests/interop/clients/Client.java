import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own Java client as a program that takes jobs: one a line on standard input, answered by one line on standard
 * output, {"ok": ...} or {"error": "..."}.
 *
 * <pre>
 * create    bootstrap, topics, partitions                  creates the topics and waits until they can be used
 * produce   bootstrap, topic, acks, compression, file      sends the records of the file; answers how many
 * transact  bootstrap, topic, partitions, group            commits and aborts transactions, is fenced; answers what readers see
 * group     bootstrap, topic, partitions, group, count, file
 *                                                          two members read the topic together, one leaves, one comes back
 *                                                          to what is committed; answers what each step looked like
 * consume   bootstrap, topic, partitions, count, file      reads from the beginning until `count` records are there, then
 *                                                          asks where the partitions end; answers those offsets
 * </pre>
 *
 * Files are JSON lines: partition, offset, timestamp, key, value, headers; byte strings in hexadecimal.
 */
public class Client {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HexFormat HEX = HexFormat.of();
    private static final int SECONDS = 20; // a watchdog, not a measure

    public static void main(String[] args) throws Exception {
        BufferedReader jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                JsonNode job = JSON.readTree(line);
                answer.set("ok", switch (job.get("job").asText()) {
                    case "create" -> create(job);
                    case "produce" -> produce(job);
                    case "consume" -> consume(job);
                    case "group" -> group(job);
                    case "transact" -> transact(job);
                    default -> throw new IllegalArgumentException("no such job: " + line);
                });
            } catch (Exception e) {
                answer.put("error", e.toString());
            }
            answers.println(answer);
        }
        // A client's thread that hangs must not keep this program alive.
        Runtime.getRuntime().halt(0);
    }

    private static JsonNode create(JsonNode job) throws Exception {
        int partitions = job.get("partitions").asInt();
        List<NewTopic> topics = new ArrayList<>();
        job.get("topics").forEach(name -> topics.add(new NewTopic(name.asText(), partitions, (short) 1)));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", job.get("bootstrap").asText()))) {
            admin.createTopics(topics).all().get(SECONDS, TimeUnit.SECONDS);
            // The broker takes the lead of the partitions some time later, and asking for their ends waits for that.
            // Without it, what is sent with acks=0 may be refused, and nobody is told.
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            for (NewTopic topic : topics) {
                for (int index = 0; index < partitions; index++) {
                    ends.put(new TopicPartition(topic.name(), index), OffsetSpec.latest());
                }
            }
            admin.listOffsets(ends).all().get(SECONDS, TimeUnit.SECONDS);
        }
        return JSON.getNodeFactory().numberNode(topics.size());
    }

    private static JsonNode produce(JsonNode job) throws Exception {
        String acks = job.get("acks").asText();
        Map<String, Object> config = Map.of(
            "bootstrap.servers", job.get("bootstrap").asText(),
            "acks", acks,
            "compression.type", job.get("compression").asText(),
            "enable.idempotence", acks.equals("all"),
            "linger.ms", 5,
            "max.block.ms", SECONDS * 1000,
            "request.timeout.ms", 5_000,
            "delivery.timeout.ms", SECONDS * 1000);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        ByteArraySerializer bytes = new ByteArraySerializer();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config, bytes, bytes)) {
            for (String line : Files.readAllLines(Path.of(job.get("file").asText()))) {
                JsonNode row = JSON.readTree(line);
                ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                    job.get("topic").asText(),
                    row.get("partition").asInt(),
                    row.get("timestamp").asLong(),
                    unhex(row.get("key")),
                    unhex(row.get("value")));
                row.get("headers").forEach(h -> record.headers().add(h.get(0).asText(), unhex(h.get(1))));
                sent.add(producer.send(record));
            }
        }
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
        return JSON.getNodeFactory().numberNode(sent.size());
    }

    private static JsonNode consume(JsonNode job) throws Exception {
        Map<String, Object> config = Map.of(
            "bootstrap.servers", job.get("bootstrap").asText(),
            "fetch.max.wait.ms", 20,
            "auto.offset.reset", "none",
            "default.api.timeout.ms", SECONDS * 1000);
        List<TopicPartition> partitions = new ArrayList<>();
        for (int index = 0; index < job.get("partitions").asInt(); index++) {
            partitions.add(new TopicPartition(job.get("topic").asText(), index));
        }
        int count = job.get("count").asInt();
        int read = 0;
        ArrayNode ends = JSON.createArrayNode();
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config, bytes, bytes);
                BufferedWriter file = Files.newBufferedWriter(Path.of(job.get("file").asText()))) {
            consumer.assign(partitions);
            partitions.forEach(partition -> consumer.seek(partition, 0));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (read < count) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("only " + read + " of " + count + " records came");
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    file.write(row(record) + "\n");
                    read++;
                }
            }
            Map<TopicPartition, Long> known = consumer.endOffsets(partitions);
            partitions.forEach(partition -> ends.add(known.get(partition)));
        }
        return ends;
    }

    private static KafkaConsumer<byte[], byte[]> member(JsonNode job) {
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(Map.of(
            "bootstrap.servers", job.get("bootstrap").asText(),
            "group.id", job.get("group").asText(),
            "group.protocol", "classic",
            "auto.offset.reset", "earliest",
            "enable.auto.commit", false,
            "heartbeat.interval.ms", 200,
            "default.api.timeout.ms", SECONDS * 1000), bytes, bytes);
        consumer.subscribe(List.of(job.get("topic").asText()));
        return consumer;
    }

    private static List<Integer> shares(List<KafkaConsumer<byte[], byte[]>> consumers) {
        return consumers.stream().map(consumer -> consumer.assignment().size()).sorted().toList();
    }

    private static void pollUntil(
            List<KafkaConsumer<byte[], byte[]>> consumers, List<ObjectNode> rows, BooleanSupplier isDone) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!isDone.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("not done with " + rows.size() + " records and " + shares(consumers));
            }
            for (KafkaConsumer<byte[], byte[]> consumer : consumers) {
                consumer.poll(Duration.ofMillis(20)).forEach(record -> rows.add(row(record)));
            }
        }
    }

    private static JsonNode group(JsonNode job) throws Exception {
        String topic = job.get("topic").asText();
        String id = job.get("group").asText();
        int partitions = job.get("partitions").asInt();
        int count = job.get("count").asInt();
        ObjectNode answer = JSON.createObjectNode();
        List<ObjectNode> rows = new ArrayList<>();
        List<ObjectNode> late = new ArrayList<>();
        Map<String, Object> broker = Map.of("bootstrap.servers", job.get("bootstrap").asText());
        try (Admin admin = Admin.create(broker)) {
            try (KafkaConsumer<byte[], byte[]> one = member(job)) {
                pollUntil(List.of(one), rows, () -> rows.size() == count);
                one.commitSync();
                answer.set("committed", committed(one, topic, partitions));
                try (KafkaConsumer<byte[], byte[]> two = member(job)) {
                    List<KafkaConsumer<byte[], byte[]>> both = List.of(one, two);
                    pollUntil(both, rows, () -> shares(both).equals(List.of(partitions / 2, (partitions + 1) / 2)));
                    answer.put("shared", shares(both).toString());
                    ConsumerGroupDescription described =
                        admin.describeConsumerGroups(List.of(id)).all().get(SECONDS, TimeUnit.SECONDS).get(id);
                    answer.put("described", described.groupState() + " " + described.partitionAssignor() + " "
                        + described.members().size() + " " + described.type());
                }
                pollUntil(List.of(one), rows, () -> one.assignment().size() == partitions);
            }
            ByteArraySerializer bytes = new ByteArraySerializer();
            try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(broker, bytes, bytes)) {
                for (int number = 0; number < 3; number++) {
                    byte[] value = ("later " + number).getBytes(StandardCharsets.UTF_8);
                    producer.send(new ProducerRecord<>(topic, number % partitions, null, value));
                }
            }
            try (KafkaConsumer<byte[], byte[]> three = member(job)) {
                pollUntil(List.of(three), late, () -> late.size() >= 3);
                three.commitSync();
            }
            List<String> values = late.stream().map(record -> record.get("value").asText()).sorted().toList();
            answer.put("resumed with", values.toString());
            answer.put("listed", admin.listGroups().all().get(SECONDS, TimeUnit.SECONDS).stream()
                .filter(group -> group.groupId().equals(id))
                .map(group -> group.type() + " " + group.protocol() + " " + group.groupState()).toList().toString());
            Map<String, Long> stored = new TreeMap<>();
            admin.listConsumerGroupOffsets(id).partitionsToOffsetAndMetadata().get(SECONDS, TimeUnit.SECONDS)
                .forEach((partition, offset) -> stored.put(partition.toString(), offset.offset()));
            answer.put("stored", stored.toString());
            admin.deleteConsumerGroupOffsets(id, Set.of(new TopicPartition(topic, 0))).all().get(SECONDS, TimeUnit.SECONDS);
            answer.put("left", admin.listConsumerGroupOffsets(id).partitionsToOffsetAndMetadata()
                .get(SECONDS, TimeUnit.SECONDS).size());
            admin.deleteConsumerGroups(List.of(id)).all().get(SECONDS, TimeUnit.SECONDS);
            answer.put("deleted", admin.listGroups().all().get(SECONDS, TimeUnit.SECONDS).stream()
                .noneMatch(group -> group.groupId().equals(id)));
        }
        try (BufferedWriter file = Files.newBufferedWriter(Path.of(job.get("file").asText()))) {
            for (ObjectNode row : rows) {
                file.write(row + "\n");
            }
        }
        return answer;
    }

    private static KafkaProducer<byte[], byte[]> transactional(JsonNode job) {
        ByteArraySerializer bytes = new ByteArraySerializer();
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(Map.of(
            "bootstrap.servers", job.get("bootstrap").asText(),
            "transactional.id", job.get("group").asText() + ".id",
            "max.block.ms", SECONDS * 1000), bytes, bytes);
        producer.initTransactions();
        return producer;
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, JsonNode job, String name) {
        producer.beginTransaction();
        for (int partition = 0; partition < job.get("partitions").asInt(); partition++) {
            byte[] value = (name + " " + partition).getBytes(StandardCharsets.UTF_8);
            producer.send(new ProducerRecord<>(job.get("topic").asText(), partition, null, value));
        }
        producer.flush();
    }

    private static JsonNode transact(JsonNode job) throws Exception {
        ObjectNode answer = JSON.createObjectNode();
        TopicPartition first = new TopicPartition(job.get("topic").asText(), 0);
        try (KafkaProducer<byte[], byte[]> producer = transactional(job);
                Admin admin = Admin.create(Map.of("bootstrap.servers", job.get("bootstrap").asText()))) {
            String id = job.get("group").asText() + ".id";
            send(producer, job, "committed");
            TransactionDescription open = admin.describeTransactions(List.of(id)).description(id).get(SECONDS, TimeUnit.SECONDS);
            answer.put("open", open.state() + " " + open.topicPartitions().size() + " " + open.producerEpoch());
            ProducerState writer = admin.describeProducers(List.of(first)).partitionResult(first)
                .get(SECONDS, TimeUnit.SECONDS).activeProducers().get(0);
            answer.put("writer", writer.currentTransactionStartOffset() + " " + writer.lastSequence());
            producer.commitTransaction();
            send(producer, job, "aborted");
            producer.abortTransaction();
            send(producer, job, "with offsets");
            producer.sendOffsetsToTransaction(
                Map.of(first, new OffsetAndMetadata(1)), new ConsumerGroupMetadata(job.get("group").asText()));
            producer.commitTransaction();
            send(producer, job, "never");
            try (KafkaProducer<byte[], byte[]> other = transactional(job)) {
                try {
                    producer.commitTransaction();
                    answer.put("fenced", "no");
                } catch (KafkaException e) {
                    answer.put("fenced", e.getClass().getSimpleName());
                }
            }
            answer.put("listed", admin.listTransactions().all().get(SECONDS, TimeUnit.SECONDS).stream()
                .filter(one -> one.transactionalId().equals(id)).map(one -> one.state().toString()).toList().toString());
            answer.put("offset", admin.listConsumerGroupOffsets(job.get("group").asText()).partitionsToOffsetAndMetadata()
                .get(SECONDS, TimeUnit.SECONDS).get(first).offset());
        }
        for (String level : List.of("read_committed", "read_uncommitted")) {
            answer.set(level, readAll(job, level));
        }
        return answer;
    }

    private static ArrayNode readAll(JsonNode job, String level) {
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        List<String> values = new ArrayList<>();
        List<TopicPartition> partitions = new ArrayList<>();
        for (int index = 0; index < job.get("partitions").asInt(); index++) {
            partitions.add(new TopicPartition(job.get("topic").asText(), index));
        }
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(Map.of(
                "bootstrap.servers", job.get("bootstrap").asText(), "isolation.level", level), bytes, bytes)) {
            consumer.assign(partitions);
            partitions.forEach(partition -> consumer.seek(partition, 0));
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (!partitions.stream().allMatch(partition -> consumer.position(partition) >= ends.get(partition))) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("not at the end after " + values.size() + " records");
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(20))) {
                    values.add(record.partition() + " " + record.offset() + " " + new String(record.value(), StandardCharsets.UTF_8));
                }
            }
        }
        ArrayNode sorted = JSON.createArrayNode();
        values.stream().sorted().forEach(sorted::add);
        return sorted;
    }

    private static ArrayNode committed(KafkaConsumer<byte[], byte[]> consumer, String topic, int partitions) {
        ArrayNode offsets = JSON.createArrayNode();
        for (int index = 0; index < partitions; index++) {
            TopicPartition partition = new TopicPartition(topic, index);
            offsets.add(consumer.committed(Set.of(partition)).get(partition).offset());
        }
        return offsets;
    }

    private static ObjectNode row(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode row = JSON.createObjectNode()
            .put("partition", record.partition())
            .put("offset", record.offset())
            .put("timestamp", record.timestamp())
            .put("key", hex(record.key()))
            .put("value", hex(record.value()));
        ArrayNode headers = row.putArray("headers");
        for (Header header : record.headers()) {
            headers.addArray().add(header.key()).add(hex(header.value()));
        }
        return row;
    }

    private static byte[] unhex(JsonNode text) {
        return text.isNull() ? null : HEX.parseHex(text.asText());
    }

    private static String hex(byte[] bytes) {
        return bytes == null ? null : HEX.formatHex(bytes);
    }
}
