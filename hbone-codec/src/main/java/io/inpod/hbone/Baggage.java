package io.inpod.hbone;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/**
 * A {@code baggage} header: a peer's description of its workload, in order. HBONE peers use the keys below and don't percent-encode. They
 * base no decision on baggage, and callers shouldn't either.
 *
 * @param entries values by key; at most 64, at most 8192 characters as a header
 * @see <a href="https://www.w3.org/TR/baggage/">W3C Baggage</a>
 */
public record Baggage(Map<String, String> entries) {
    /** The header's name. */
    public static final String NAME = "baggage";
    /** Key: the cluster. */
    public static final String CLUSTER = "k8s.cluster.name";
    /** Key: the Kubernetes namespace. */
    public static final String NAMESPACE = "k8s.namespace.name";
    /** Key: the canonical service. */
    public static final String SERVICE = "service.name";
    /** Key: its revision. */
    public static final String VERSION = "service.version";
    /** Key: the region. */
    public static final String REGION = "cloud.region";
    /** Key: the zone. */
    public static final String ZONE = "cloud.availability_zone";

    private static final int MOST_ENTRIES = 64;
    private static final int MOST_CHARACTERS = 8192;
    private static final Pattern KEY = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern VALUE = Pattern.compile("[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]*");
    private static final Pattern NOT_VALUE = Pattern.compile("[^\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]");

    /**
     * Copies the map and keeps its order.
     *
     * @param entries see {@link #entries()}
     * @throws IllegalArgumentException if a key isn't a token, a value contains a character that must be encoded, or a limit is exceeded
     */
    public Baggage {
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        int characters = 0;
        for (Map.Entry<String, String> entry : entries.entrySet()) {
            if (!KEY.matcher(entry.getKey()).matches() || !VALUE.matcher(entry.getValue()).matches()) {
                throw new IllegalArgumentException("not a baggage entry: key or value contains a character that isn't allowed");
            }
            characters += entry.getKey().length() + entry.getValue().length() + 2;
        }
        if (entries.size() > MOST_ENTRIES || characters > MOST_CHARACTERS) {
            throw new IllegalArgumentException("too much baggage: " + entries.size() + " entries, " + characters + " characters");
        }
    }

    /**
     * Creates baggage from unchecked values: characters that aren't allowed become {@code _}. Entries with an empty value or a key that
     * isn't a token are omitted, and so are entries beyond the limits.
     *
     * @param entries values by key, in order
     * @return the baggage
     */
    public static Baggage cleaned(Map<String, String> entries) {
        Map<String, String> clean = new LinkedHashMap<>();
        int characters = 0;
        for (Map.Entry<String, String> entry : entries.entrySet()) {
            int more = entry.getKey().length() + entry.getValue().length() + 2;
            if (!entry.getValue().isEmpty() && KEY.matcher(entry.getKey()).matches() && characters + more <= MOST_CHARACTERS
                    && clean.size() < MOST_ENTRIES) {
                clean.put(entry.getKey(), NOT_VALUE.matcher(entry.getValue()).replaceAll("_"));
                characters += more;
            }
        }
        return new Baggage(clean);
    }

    /**
     * Returns the header.
     *
     * @return {@code baggage} with these entries
     */
    public Header header() {
        StringJoiner text = new StringJoiner(",");
        entries.forEach((key, value) -> text.add(key + '=' + value));
        return new Header(NAME, text.toString());
    }

    /**
     * Parses a header's value strictly. Properties ({@code key=value;property}) are dropped; if a key is repeated, its last value counts.
     *
     * @param value the value
     * @return the baggage
     * @throws IllegalArgumentException if it isn't well-formed, or exceeds a limit
     */
    public static Baggage parse(String value) {
        Map<String, String> entries = new LinkedHashMap<>();
        for (String member : value.split(",", -1)) {
            String pair = member.split(";", 2)[0];
            int equals = pair.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("not a baggage entry: no =");
            }
            entries.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
        }
        return new Baggage(entries);
    }

    /**
     * Returns the baggage of a request or an answer. Never throws: entries that are malformed or beyond the limits are omitted.
     *
     * @param headers the headers of a request or an answer; several {@code baggage} headers count as one
     * @return the baggage, possibly empty
     */
    public static Baggage of(List<Header> headers) {
        Map<String, String> entries = new LinkedHashMap<>();
        int characters = 0;
        for (Header header : headers) {
            if (header.name().equals(NAME)) {
                // An entry that is cut here is beyond the limit and is omitted.
                String bounded = header.value().substring(0, Math.min(header.value().length(), MOST_CHARACTERS + 1));
                for (String member : bounded.split(",", -1)) {
                    characters += member.length() + 1;
                    if (entries.size() < MOST_ENTRIES && characters <= MOST_CHARACTERS) {
                        keep(member, entries);
                    }
                }
            }
        }
        return new Baggage(entries);
    }

    private static void keep(String member, Map<String, String> entries) {
        try {
            entries.putAll(parse(member).entries);
        } catch (IllegalArgumentException e) {
            // Omitted, as documented.
        }
    }
}
