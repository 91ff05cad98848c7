package io.inpod.examples.ztunnel.admin;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;

/** What a JVM says of itself: {@code /debug/...}. */
public final class DebugPages {
    private static final int MOST_CLASSES = 300;

    private DebugPages() {}

    /** {@return the pages, by path} */
    public static Map<String, Page> all() {
        RecordingPage recording = new RecordingPage();
        return Map.of(
                "/debug/threads", Page.read(request -> Answer.text(200, command("threadPrint"))),
                // a pause for the pods' connections too, which a page that is merely looked at doesn't cause
                "/debug/heap", Page.act(request -> Answer.text(200,
                        command("gcClassHistogram").lines().limit(MOST_CLASSES).collect(Collectors.joining("\n", "", "\n")))),
                "/debug/recording", new Page(request -> recording.result(), recording::start));
    }

    /** Runs a command of jcmd, under the name that it has as an MBean's operation. */
    private static String command(String name) throws IOException {
        try {
            return (String) ManagementFactory.getPlatformMBeanServer().invoke(new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    name, new Object[] {new String[0]}, new String[] {String[].class.getName()});
        } catch (JMException e) {
            throw new IOException("this JVM doesn't have the command " + name + ": " + e.getMessage(), e);
        }
    }
}
