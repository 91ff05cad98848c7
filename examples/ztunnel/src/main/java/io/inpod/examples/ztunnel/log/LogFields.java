package io.inpod.examples.ztunnel.log;

/**
 * A line in two parts: what happened, and after a tab its fields, as {@code key=value} or {@code key="value"}. They are written once, in
 * this form, by whoever logs; JSON is made of them on the thread of the log.
 */
final class LogFields {
    private static final char SEPARATOR = '\t';

    private LogFields() {}

    /** Returns where the fields begin, or the length of the message if there are none. */
    static int begin(String message) {
        int tab = message.indexOf(SEPARATOR);
        return tab < 0 ? message.length() : tab + 1;
    }

    /** Appends the members of a JSON object, each after a comma; what isn't a field is a member {@code detail}. */
    static void appendJson(StringBuilder json, String message, int from) {
        int at = from;
        while (at < message.length()) {
            int equals = message.indexOf('=', at);
            int key = endOfKey(message, at);
            if (equals < 0 || key != equals) {
                member(json, "detail", message.substring(at));
                return;
            }
            boolean quoted = equals + 1 < message.length() && message.charAt(equals + 1) == '"';
            int begin = quoted ? equals + 2 : equals + 1;
            int end = message.indexOf(quoted ? '"' : ' ', begin);
            end = end < 0 ? message.length() : end;
            String value = message.substring(begin, end);
            if (!quoted && isNumber(value)) {
                json.append(",\"").append(message, at, equals).append("\":").append(value);
            } else {
                member(json, message.substring(at, equals), value);
            }
            at = quoted ? end + 1 : end;
            while (at < message.length() && message.charAt(at) == ' ') {
                at++;
            }
        }
    }

    private static int endOfKey(String message, int from) {
        int at = from;
        while (at < message.length()) {
            char c = message.charAt(at);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_')) {
                break;
            }
            at++;
        }
        return at == from ? -1 : at;
    }

    /** JSON has no leading zeros, and numbers of more digits aren't exact everywhere. */
    private static boolean isNumber(String value) {
        if (value.isEmpty() || value.length() > 15 || value.length() > 1 && value.charAt(0) == '0') {
            return false;
        }
        return value.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** Appends a member of an object after a comma. */
    static void member(StringBuilder json, String key, String value) {
        json.append(',');
        string(json, key);
        json.append(':');
        string(json, value);
    }

    /** Appends a string. */
    static void string(StringBuilder json, String value) {
        json.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 || c == 0x2028 || c == 0x2029) {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        json.append('"');
    }
}
