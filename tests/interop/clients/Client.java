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
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
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
