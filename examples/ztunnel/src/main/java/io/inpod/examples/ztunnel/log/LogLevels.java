package io.inpod.examples.ztunnel.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The levels of all loggers, as directives separated by commas: {@code info} for all that no other directive names, {@code access=off} or
 * {@code access:off} for a logger and those below it. Rust's {@code ztunnel::proxy} is the logger {@code proxy}. Thread-safe.
 */
public final class LogLevels {
    private static final Set<String> LEVELS = Set.of("error", "warn", "info", "debug", "trace", "off");
    private static final String OTHERS = "info";

    private final Map<String, String> initial;
    private final LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();
    private Map<String, String> current;

    /**
     * Sets levels.
     *
     * @param directives the directives; {@code info} is what isn't said
     * @throws IllegalArgumentException naming the one that isn't a directive
     */
    public LogLevels(String directives) {
        initial = parse(directives);
        initial.putIfAbsent("", OTHERS);
        current = initial;
        set(initial);
    }

    private static Map<String, String> parse(String directives) {
        Map<String, String> levels = new LinkedHashMap<>();
        for (String directive : directives.split(",")) {
            String text = directive.strip();
            if (!text.isEmpty()) {
                int end = Math.max(text.lastIndexOf('='), text.lastIndexOf(':'));
                String level = text.substring(end + 1).strip().toLowerCase(Locale.ROOT);
                if (!LEVELS.contains(level)) {
                    throw new IllegalArgumentException(
                            "\"" + text + "\" isn't a level, or a logger and a level such as access=off; levels are "
                                    + "error, warn, info, debug, trace and off");
                }
                levels.put(end < 0 ? "" : logger(text.substring(0, end).strip()), level);
            }
        }
        return levels;
    }

    private static String logger(String scope) {
        String name = scope.replace("::", ".");
        if (!name.matches("[\\w.-]+")) {
            throw new IllegalArgumentException("\"" + scope + "\" isn't the name of a logger");
        }
        return name.startsWith("ztunnel.") ? name.substring("ztunnel.".length()) : name;
    }

    /**
     * Changes levels; those that aren't named stay.
     *
     * @param directives what changes
     * @throws IllegalArgumentException naming the one that isn't a directive; then nothing changes
     */
    public synchronized void change(String directives) {
        Map<String, String> next = new LinkedHashMap<>(current);
        next.putAll(parse(directives));
        set(next);
    }

    /** Goes back to the levels of the start. */
    public synchronized void reset() {
        set(initial);
    }

    private synchronized void set(Map<String, String> next) {
        for (String gone : current.keySet()) {
            if (!next.containsKey(gone)) {
                loggers.getLogger(gone).setLevel(null);
            }
        }
        current = next;
        next.forEach((name, level) -> loggers.getLogger(name.isEmpty() ? Logger.ROOT_LOGGER_NAME : name).setLevel(Level.toLevel(level)));
    }

    /** {@return the levels, as directives} */
    @Override
    public synchronized String toString() {
        List<String> directives = new ArrayList<>();
        new TreeMap<>(current).forEach((name, level) -> directives.add(name.isEmpty() ? level : name + "=" + level));
        return String.join(",", directives);
    }
}
