package io.inpod.netns.socket;

import io.inpod.netns.internal.Native;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * How the values of a socket option are represented in Java and in the kernel.
 *
 * @param type the class of a value
 * @param bytes the length of a value in the kernel
 * @param range the allowed values, in words
 * @param allowed whether a value is allowed
 * @param write writes a value into a zeroed buffer
 * @param read reads a value from a buffer that the kernel has filled
 * @param <T> the type of a value
 */
record OptionFormat<T>(
        Class<T> type, int bytes, String range, Predicate<T> allowed, BiConsumer<ByteBuffer, T> write, Function<ByteBuffer, T> read) {
    private static final int INTERFACE_NAME_BYTES = 16;
    private static final int ALGORITHM_NAME_BYTES = 16;

    static final OptionFormat<Boolean> FLAG = new OptionFormat<>(
            Boolean.class, 4, "true or false", v -> true, (b, v) -> b.putInt(0, v ? 1 : 0), b -> b.getInt(0) != 0);

    /** A flag that is the inverse of the kernel's. */
    static final OptionFormat<Boolean> INVERSE_FLAG = new OptionFormat<>(
            Boolean.class, 4, "true or false", v -> true, (b, v) -> b.putInt(0, v ? 0 : 1), b -> b.getInt(0) == 0);

    static final OptionFormat<String> INTERFACE = new OptionFormat<>(
            String.class, INTERFACE_NAME_BYTES, "an interface's name of 1 to 15 bytes, without white space, \"/\" and \":\"",
            v -> v.matches("[^\\s/:\\x00]{1,15}") && v.getBytes(StandardCharsets.UTF_8).length < INTERFACE_NAME_BYTES,
            (b, v) -> b.put(0, v.getBytes(StandardCharsets.UTF_8)), OptionFormat::text);

    static final OptionFormat<String> ALGORITHM = new OptionFormat<>(
            String.class, ALGORITHM_NAME_BYTES, "an algorithm's name of 1 to 15 letters, digits, \"_\" and \"-\"",
            v -> v.matches("[A-Za-z0-9_-]{1,15}"),
            (b, v) -> b.put(0, v.getBytes(StandardCharsets.UTF_8)), OptionFormat::text);

    static final OptionFormat<SocketMemory> MEMORY = new OptionFormat<>(
            SocketMemory.class, SocketMemory.BYTES, "read, not set", v -> false, (b, v) -> {}, SocketMemory::read);

    static OptionFormat<Integer> integer(int min, int max) {
        return new OptionFormat<>(
                Integer.class, 4, min + " to " + max, v -> v >= min && v <= max, (b, v) -> b.putInt(0, v), b -> b.getInt(0));
    }

    static OptionFormat<Duration> seconds(int min, int max) {
        return new OptionFormat<>(Duration.class, 4, min + " to " + max + " whole seconds",
                v -> v.getNano() == 0 && v.getSeconds() >= min && v.getSeconds() <= max,
                (b, v) -> b.putInt(0, (int) v.toSeconds()), b -> Duration.ofSeconds(b.getInt(0)));
    }

    static OptionFormat<Duration> milliseconds() {
        Duration max = Duration.ofMillis(Integer.MAX_VALUE);
        return new OptionFormat<>(Duration.class, 4, "0 to 2147483647 whole milliseconds",
                v -> !v.isNegative() && v.compareTo(max) <= 0 && v.toNanosPart() % 1_000_000 == 0,
                (b, v) -> b.putInt(0, (int) v.toMillis()), b -> Duration.ofMillis(b.getInt(0)));
    }

    private static String text(ByteBuffer bytes) {
        String all = StandardCharsets.UTF_8.decode(bytes.rewind()).toString();
        int end = all.indexOf('\0');
        return end < 0 ? all : all.substring(0, end);
    }

    T check(String name, Object value) {
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(name + " takes a " + type.getSimpleName() + ", not " + value);
        }
        T typed = type.cast(value);
        if (!allowed.test(typed)) {
            throw new IllegalArgumentException(name + " must be " + range + ", not " + value);
        }
        return typed;
    }

    ByteBuffer encode(T value) {
        ByteBuffer buffer = Native.buffer(bytes);
        write.accept(buffer, value);
        return buffer;
    }
}
