import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Utils;

/**
 * Apache Kafka's own codec for milena-bench.
 *
 * <p>It says "ready" and the rows it does, then answers each line "row times" with nanoseconds of CPU time. The argument
 * is the folder with the inputs.
 */
public final class Codec {
    private static final short METADATA_VERSION = 12;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static long sink;

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        byte[] batchA = Files.readAllBytes(folder.resolve("batch-a"));
        byte[] batchB = Files.readAllBytes(folder.resolve("batch-b"));
        byte[] metadata = Files.readAllBytes(folder.resolve("metadata-v12"));
        Map<String, Runnable> rows = new LinkedHashMap<>();
        rows.put("a-encode", encode(batchA));
        rows.put("a-read", () -> read(batchA));
        rows.put("b-encode", encode(batchB));
        rows.put("b-read", () -> read(batchB));
        rows.put("metadata-encode", encodeMetadata(metadata));
        rows.put("metadata-decode", () -> sink += metadata(metadata).topics().size());
        byte[] key = "key-000000000000".getBytes();
        rows.put("murmur2", () -> sink += Utils.murmur2(key));
        System.out.println("ready " + String.join(" ", rows.keySet()));

        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            String[] order = line.split(" ");
            Runnable turn = rows.get(order[0]);
            long times = Long.parseLong(order[1]);
            long start = THREADS.getCurrentThreadCpuTime();
            for (long i = 0; i < times; i++) {
                turn.run();
            }
            System.out.println(THREADS.getCurrentThreadCpuTime() - start);
        }
        System.err.print(sink == 42 ? " " : "");
    }

    private static DefaultRecordBatch batch(ByteBuffer bytes) {
        return (DefaultRecordBatch) MemoryRecords.readableRecords(bytes).batches().iterator().next();
    }

    private static Runnable encode(byte[] batch) {
        int count = batch(ByteBuffer.wrap(batch)).countOrNull();
        byte[][] keys = new byte[count][];
        byte[][] values = new byte[count][];
        long[] timestamps = new long[count];
        int index = 0;
        for (Record record : batch(ByteBuffer.wrap(batch))) {
            keys[index] = Utils.toArray(record.key());
            values[index] = Utils.toArray(record.value());
            timestamps[index++] = record.timestamp();
        }
        ByteBuffer buffer = ByteBuffer.allocate(batch.length + 1024);
        Runnable turn = () -> write(buffer, keys, values, timestamps);
        turn.run();
        byte[] written = Utils.toArray(write(buffer, keys, values, timestamps));
        mustEqual("the batch", written, batch);
        return turn;
    }

    private static ByteBuffer write(ByteBuffer buffer, byte[][] keys, byte[][] values, long[] timestamps) {
        buffer.clear();
        MemoryRecordsBuilder builder = new MemoryRecordsBuilder(
                buffer, RecordBatch.MAGIC_VALUE_V2, Compression.NONE, TimestampType.CREATE_TIME, 0L,
                RecordBatch.NO_TIMESTAMP, -1L, (short) -1, 0, false, false, -1, buffer.capacity());
        for (int i = 0; i < keys.length; i++) {
            builder.append(timestamps[i], keys[i], values[i]);
        }
        ByteBuffer built = builder.build().buffer();
        sink += built.remaining();
        return built;
    }

    private static void read(byte[] bytes) {
        DefaultRecordBatch batch = batch(ByteBuffer.wrap(bytes));
        batch.ensureValid();
        long sizes = 0;
        for (Record record : batch) {
            sizes += record.keySize() + record.valueSize();
        }
        sink += sizes;
    }

    private static MetadataResponseData metadata(byte[] body) {
        return new MetadataResponseData(new ByteBufferAccessor(ByteBuffer.wrap(body)), METADATA_VERSION);
    }

    private static Runnable encodeMetadata(byte[] body) {
        MetadataResponseData response = metadata(body);
        ByteBuffer buffer = ByteBuffer.allocate(body.length);
        Runnable turn = () -> {
            ObjectSerializationCache cache = new ObjectSerializationCache();
            sink += response.size(cache, METADATA_VERSION);
            buffer.clear();
            response.write(new ByteBufferAccessor(buffer), cache, METADATA_VERSION);
        };
        turn.run();
        mustEqual("the metadata response", buffer.array(), body);
        return turn;
    }

    private static void mustEqual(String what, byte[] got, byte[] wanted) {
        if (!java.util.Arrays.equals(got, wanted)) {
            throw new IllegalStateException(what + " differs from the input");
        }
    }
}
