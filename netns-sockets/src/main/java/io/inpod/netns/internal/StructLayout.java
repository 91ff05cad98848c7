package io.inpod.netns.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The memory layout of a struct in C. The tables are {@link NetlinkStructs} and {@link SocketStructs}; a test compares them with the
 * output of C compilers for x86_64 and aarch64.
 */
public final class StructLayout {
    private final String name;
    private final int size;
    private final List<Field> fields = new ArrayList<>();

    private StructLayout(String name, int size) {
        this.name = name;
        this.size = size;
    }

    /** Begins the table of a struct: its name, and its size in bytes. */
    static StructLayout struct(String name, int size) {
        return new StructLayout(name, size);
    }

    /** Adds a row to the table: name, offset in bytes, size in bytes. */
    Field field(String field, int offset, int bytes) {
        if (offset < 0 || offset + bytes > size) {
            throw new IllegalArgumentException(name + "." + field + " lies outside the struct");
        }
        Field added = new Field(field, offset, bytes);
        fields.add(added);
        return added;
    }

    /** The struct's name in C. */
    public String name() {
        return name;
    }

    /** Its size, in bytes. */
    public int size() {
        return size;
    }

    /** The fields that inpod uses. */
    public List<Field> fields() {
        return Collections.unmodifiableList(fields);
    }
}
