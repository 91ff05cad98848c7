package io.inpod.examples.ztunnel.config;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Environment variables, parsed strictly: an invalid value is an error and isn't replaced by the default. */
record Variables(Map<String, String> values) {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

    String text(String name, String otherwise) {
        String value = values.get(name);
        return value == null ? otherwise : value.strip();
    }

    /** Returns the variables whose names begin with a prefix, by the rest of the name. */
    Map<String, String> beginningWith(String prefix) {
        Map<String, String> found = new TreeMap<>();
        values.forEach((name, value) -> {
            if (name.startsWith(prefix) && name.length() > prefix.length()) {
                found.put(name.substring(prefix.length()), value.strip());
            }
        });
        return found;
    }

    boolean flag(String name, boolean otherwise) throws ConfigException {
        String value = text(name, "");
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "" -> otherwise;
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw new ConfigException(name + " must be true or false, not \"" + value + "\"");
        };
    }

    /** Returns whether the value is the first of two, which is the default. */
    boolean either(String name, String first, String second) throws ConfigException {
        String value = text(name, "");
        if (value.isEmpty() || value.equalsIgnoreCase(first)) {
            return true;
        }
        if (value.equalsIgnoreCase(second)) {
            return false;
        }
        throw new ConfigException(name + " must be " + first + " or " + second + ", not \"" + value + "\"");
    }

    int number(String name, int otherwise, int least, int most) throws ConfigException {
        String value = text(name, "");
        if (value.isEmpty()) {
            return otherwise;
        }
        try {
            boolean hex = value.startsWith("0x") || value.startsWith("0X");
            long number = hex ? Long.parseLong(value.substring(2), 16) : Long.parseLong(value);
            if (number >= least && number <= most) {
                return (int) number;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw new ConfigException(name + " must be a number from " + least + " to " + most + ", not \"" + value + "\"");
    }

    Duration duration(String name, Duration otherwise) throws ConfigException {
        String value = text(name, "");
        if (value.isEmpty()) {
            return otherwise;
        }
        Matcher matcher = DURATION.matcher(value);
        if (!matcher.matches()) {
            throw new ConfigException(name + " must be a duration such as 500ms, 5s, 3m or 1h, not \"" + value + "\"");
        }
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            default -> Duration.ofHours(number);
        };
    }
}
