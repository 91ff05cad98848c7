package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** How many bytes of the heap a ztunnel's two event loops allocate, garbage included, as its JVM says through JMX. */
final class LoopAllocation {
    private static final int PORT = 9010;
    /**
     * Settings for the ztunnel, which override those on its command line. The port is of the sandbox's loopback; jcmd's socket would be in
     * /tmp, under a name that processes in other sandboxes have too. Looking for leaks takes far more than traffic.
     */
    static final Map<String, String> SETTINGS = Map.of("_JAVA_OPTIONS", "-Dio.netty.leakDetection.level=disabled"
            + " -Dcom.sun.management.jmxremote.host=127.0.0.1 -Djava.rmi.server.hostname=127.0.0.1"
            + " -Dcom.sun.management.jmxremote.port=" + PORT + " -Dcom.sun.management.jmxremote.rmi.port=" + PORT
            + " -Dcom.sun.management.jmxremote.authenticate=false -Dcom.sun.management.jmxremote.ssl=false");

    static {
        System.setProperty("sun.rmi.transport.connectionTimeout", "100"); // unused connections would be left behind, for 15 s
    }

    private LoopAllocation() {}

    @SuppressWarnings("BanJNDI") // from a process that this test has started, on the loopback address
    static long during(LoopCalls.Traffic traffic) throws Exception {
        JMXServiceURL url = new JMXServiceURL("service:jmx:rmi:///jndi/rmi://127.0.0.1:" + PORT + "/jmxrmi");
        try (JMXConnector jvm = JMXConnectorFactory.connect(url)) {
            ThreadMXBean threads = ManagementFactory.newPlatformMXBeanProxy(jvm.getMBeanServerConnection(),
                    ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class);
            long[] loops = Stream.of(threads.getThreadInfo(threads.getAllThreadIds())).filter(Objects::nonNull)
                    .filter(thread -> thread.getThreadName().startsWith("ztunnel-")).mapToLong(ThreadInfo::getThreadId).toArray();
            assertThat(loops).hasSize(2);
            long before = soFar(threads, loops);
            traffic.pass();
            return soFar(threads, loops) - before;
        }
    }

    private static long soFar(ThreadMXBean threads, long[] loops) {
        return LongStream.of(threads.getThreadAllocatedBytes(loops)).sum();
    }
}
