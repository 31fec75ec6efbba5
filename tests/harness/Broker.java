/** Formats and starts a Kafka node in one JVM, and ends it when standard input ends: it never outlives a test. */
public class Broker {
    public static void main(String[] args) throws Exception {
        Thread watch = new Thread(() -> {
            try {
                while (System.in.read() >= 0) { }
            } catch (java.io.IOException e) {
                // The test is gone all the same.
            }
            Runtime.getRuntime().halt(0);
        });
        watch.setDaemon(true);
        watch.start();

        String[] format = {
            "format", "--ignore-formatted", "--cluster-id", "bWlsZW5hLWludGVyb3AtMA", "--config", args[0]
        };
        int code = kafka.tools.StorageTool.execute(format, System.out);
        if (code != 0) {
            System.exit(code);
        }
        kafka.Kafka.main(args);
    }
}
